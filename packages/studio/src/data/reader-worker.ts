/** The program of the worker that reads data: one source, told in messages. */
import { describeError } from '../describe-error.ts';
import { readData } from './read-data.ts';
import type { DataSource, ReadProgress, ReadResult } from './source.ts';

export type ReaderMessage =
  | { readonly type: 'progress'; readonly progress: ReadProgress }
  | { readonly type: 'done'; readonly result: ReadResult }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

const tell = (message: ReaderMessage) => postMessage(message);

addEventListener('message', async ({ data }: MessageEvent<DataSource>) => {
  try {
    tell({ type: 'done', result: await readData(data, (progress) => tell({ type: 'progress', progress })) });
  } catch (error) {
    tell({ type: 'failed', ...describeError(error) });
  }
});
