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
    description: 'Answers as soon as the document is accepted; follow it with documentStatus.',
  })
  async uploadDocument(
    @Ctx() context: Context,
    @Arg('file', () => Upload, { description: 'The file, as a part of a multipart request.' })
    file: Promise<FileUpload>,
    @Arg('options', () => UploadOptionsInput, { nullable: true, description: 'How to process it.' })
    options?: UploadOptionsInput | null,
  ): Promise<UploadResult> {
    const received = await file;
    return context.services.uploadDocument(requireViewer(context), {
      filename: received.filename,
      content: contentOf(received, context.uploadEnded),
      options: () => ({ ...options }),
    });
  }

  @Mutation(() => DeleteDocumentPayloadType, {
    description:
      'Gone for every reader when it answers; vectors and file follow in the background.',
  })
  async deleteDocument(
    @Ctx() context: Context,
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
  ): Promise<{ id: string }> {
    await context.services.deleteDocument(requireViewer(context), id);
    return { id };
  }
}

/**
 * A body that was found wrong before its file is opened does not open it: how the body ended is the
 * reason.
 */
async function* contentOf(
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
