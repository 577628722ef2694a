import type { Readable } from 'node:stream';
import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { FileUpload } from 'graphql-upload-minimal';
import type { UploadResult } from '../../../documents/upload-document.js';
import { untilEnd } from '../../http/until-end.js';
import { requireViewer } from '../../auth/require-viewer.js';
import type { Context } from '../context.js';
import {
  DeleteDocumentPayloadType,
  UploadDocumentPayloadType,
  UploadOptionsInput,
} from '../types/query-types.js';
import { Upload } from '../types/scalars.js';

@Resolver()
export class MutationResolver {
  @Mutation(() => UploadDocumentPayloadType, {
    description:
      'Stores a file and queues it for processing. Returns when the document is accepted; watch it with documentStatus.',
  })
  async uploadDocument(
    @Ctx() context: Context,
    @Arg('file', () => Upload, { description: 'The file, as one part of a multipart request.' })
    file: Promise<FileUpload>,
    @Arg('options', () => UploadOptionsInput, {
      nullable: true,
      description: 'How to process the file.',
    })
    options?: UploadOptionsInput | null,
  ): Promise<UploadResult> {
    const received = await file;
    return context.services.uploadDocument(requireViewer(context), {
      filename: received.filename,
      content: readContent(received, context.uploadEnded),
      options: () => ({ ...options }),
    });
  }

  @Mutation(() => DeleteDocumentPayloadType, {
    description:
      'Hides a document from all reads before it returns. Its vectors and its file are deleted in the background.',
  })
  async deleteDocument(
    @Ctx() context: Context,
    @Arg('id', () => ID, { description: 'The id of the document.' }) id: string,
  ): Promise<{ id: string }> {
    await context.services.deleteDocument(requireViewer(context), id);
    return { id };
  }
}

/**
 * Yields the content of a file. If the body was already found to be invalid, the file cannot be
 * opened, and the error of the body is thrown.
 */
async function* readContent(
  { createReadStream }: FileUpload,
  ended: Promise<void>,
): AsyncGenerator<Buffer> {
  let content: Readable;
  try {
    content = createReadStream();
  } catch (error) {
    await ended;
    throw error;
  }
  yield* untilEnd(content, ended);
}
