/** The page's side of reading: starts a worker for a source and ends it with the signal. */
import { type ErrorCode, LacunaError } from '@lacuna/core/errors';
import type { ReaderMessage } from './reader-worker.ts';
import type { DataSource, ReadProgress, ReadResult } from './source.ts';

/** Throws what `readData` does, and `aborted`. */
export function readInWorker(
  source: DataSource,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: ReadProgress) => void },
): Promise<ReadResult> {
  const worker = new Worker(new URL('./reader-worker.ts', import.meta.url), { type: 'module', name: 'data' });
  const result = new Promise<ReadResult>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new LacunaError('aborted', 'data: reading was stopped.')));
    worker.onerror = ({ message }) => reject(new LacunaError('internal', `data: the reader failed: ${message}.`));
    worker.onmessage = ({ data }: MessageEvent<ReaderMessage>) => {
      if (data.type === 'progress') onProgress(data.progress);
      else if (data.type === 'done') resolve(data.result);
      else reject(new LacunaError(data.code as ErrorCode, data.message));
    };
  });
  worker.postMessage(source);
  return result.finally(() => worker.terminate());
}
