/** A `fetch` that tells how much of its body has been sent. Only XMLHttpRequest knows, so it is for pages and their workers. */

/** Whether this platform can tell. */
export const canTellUploads = (): boolean => typeof XMLHttpRequest !== 'undefined';

/** `tell` is given 0 to 1 as the body goes out; 1 means sent, not answered. */
export function uploadingFetch(tell: (fraction: number) => void): typeof globalThis.fetch {
  return (input, { method = 'GET', headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, input instanceof Request ? input.url : String(input));
      request.responseType = 'arraybuffer';
      new Headers(headers).forEach((value, name) => {
        request.setRequestHeader(name, value);
      });
      request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
        if (lengthComputable && total > 0) tell(loaded / total);
      };
      const abort = () => request.abort();
      const settle = (end: () => void) => () => {
        signal?.removeEventListener('abort', abort);
        end();
      };
      request.onload = settle(() => {
        const { status, response } = request;
        resolve(new Response(response as ArrayBuffer, { status, headers: headersOf(request) }));
      });
      request.onerror = settle(() => reject(new TypeError('the connection failed')));
      request.onabort = settle(() => reject(signal?.reason));
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', abort, { once: true });
      request.send((body ?? null) as XMLHttpRequestBodyInit | null);
    });
}

function headersOf(request: XMLHttpRequest): Headers {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}
