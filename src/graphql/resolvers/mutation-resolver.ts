import { Readable } from 'node:stream';
import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { FileUpload } from 'graphql-upload-minimal';
import type { UploadResult } from '../../documents/upload-document.js';
import { ApiError } from '../../errors.js';
import { untilEnd } from '../../http/multipart.js';
import { requireViewer, type Context } from '../context.js';
import { DeleteDocumentPayloadType, UploadDocumentPayloadType, UploadOptionsInput } from '../types/query-types.js';
import { Upload } from '../types/scalars.js';

@Resolver()
export class MutationResolver {
  @Mutation(() => UploadDocumentPayloadType, {
    description: 'Answers as soon as the document is accepted; follow it with documentStatus.',
  })
  async uploadDocument(
    @Ctx() context: Context,
    @Arg('file', () => Upload, { description: 'The file, as a part of a multipart request.' }) file: Promise<FileUpload>,
    @Arg('options', () => UploadOptionsInput, { nullable: true, description: 'How to process it.' }) options?: UploadOptionsInput | null,
  ): Promise<UploadResult> {
    const { filename, createReadStream } = await receive(file);
    const content = Readable.from(untilEnd(createReadStream(), context.uploadEnded), { objectMode: false });
    return context.services.uploadDocument(requireViewer(context), { filename, content, options: () => ({ ...options }) });
  }

  @Mutation(() => DeleteDocumentPayloadType, {
    description: 'Gone for every reader when it answers; vectors and file follow in the background.',
  })
  async deleteDocument(@Ctx() context: Context, @Arg('id', () => ID, { description: 'Its id.' }) id: string): Promise<{ id: string }> {
    await context.services.deleteDocument(requireViewer(context), id);
    return { id };
  }
}

async function receive(file: Promise<FileUpload>): Promise<FileUpload> {
  try {
    return await file;
  } catch (error) {
    throw new ApiError('BAD_USER_INPUT', 'The file is missing in the multipart request.', { field: 'file' }, { cause: error });
  }
}
