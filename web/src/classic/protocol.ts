/** The messages of the plain WebSocket and of REST, as docs/api.md describes them. */
export interface JobProgress {
  jobId: string;
  documentId: string;
  status: 'pending' | 'processing';
  /** 0 to 100. */
  progress: number;
  message: string;
}

export interface DocumentProcessed {
  documentId: string;
  filename: string;
  status: 'completed' | 'failed';
  error: string | null;
  processedAt: string;
}

export interface StatusResponse {
  documentId: string;
  filename: string;
  status: 'pending' | 'processing' | 'completed' | 'failed';
  error: string | null;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
}

export interface UploadResponse {
  documentId: string;
  fileName: string;
  fileSize: number;
  status: string;
  jobId: string;
  message: string;
  duplicateOf?: string;
}

export interface ClassicEvents {
  authenticated: undefined;
  job_progress: JobProgress;
  document_processed: DocumentProcessed;
  error: { code: string; message: string };
  pong: undefined;
}

export type ClassicEventName = keyof ClassicEvents;

const EVENT_NAMES: readonly string[] = [
  'authenticated',
  'job_progress',
  'document_processed',
  'error',
  'pong',
] satisfies ClassicEventName[];

export interface ClassicMessage<Name extends ClassicEventName = ClassicEventName> {
  type: Name;
  data: ClassicEvents[Name];
}

/** Returns null for a message that the page does not know, so that the server may add types. */
export function parseMessage(text: string): ClassicMessage | null {
  try {
    const message: unknown = JSON.parse(text);
    return isMessage(message) ? message : null;
  } catch {
    return null;
  }
}

function isMessage(value: unknown): value is ClassicMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    EVENT_NAMES.includes(value.type)
  );
}
