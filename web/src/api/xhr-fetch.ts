export interface UploadRequest {
  method?: string;
  headers?: Record<string, string>;
  body: FormData;
  signal?: AbortSignal | null;
  /** Reports bytes of the whole body, the form around the file included. */
  onSent: (sentBytes: number, totalBytes: number) => void;
}

/** Behaves as `fetch` does and reports the progress of the body, which `fetch` cannot. */
export function xhrFetch(
  url: string,
  { method = 'POST', headers = {}, body, signal, onSent }: UploadRequest,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onSent(event.loaded, event.total);
    request.onload = () => resolve(toResponse(request));
    request.onerror = () => reject(new TypeError('The connection was lost during the upload.'));
    request.onabort = () => reject(new DOMException('The upload was aborted.', 'AbortError'));
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    if (signal?.aborted) {
      reject(new DOMException('The upload was aborted.', 'AbortError'));
      return;
    }
    signal?.addEventListener('abort', abort);
    request.send(body);
  });
}

function toResponse(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return new Response(request.responseText, {
    status: request.status,
    statusText: request.statusText,
    headers,
  });
}
