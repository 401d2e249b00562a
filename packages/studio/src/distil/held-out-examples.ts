/** What models are compared on: held-out examples of the data, as many as are compared in seconds. */
import type { HeldOutExample } from '@lacuna/client/compare';
import type { DataSet } from '../project.ts';

const MOST = 200;

export function heldOutExamples(data: DataSet | undefined): readonly HeldOutExample[] {
  if (!data) return [];
  const examples: readonly HeldOutExample[] =
    data.kind === 'text' ? data.heldOut.map((text) => ({ text })) : data.heldOut;
  return examples.slice(0, MOST);
}
