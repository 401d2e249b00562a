/** A kept run's model as an artifact, from its last checkpoint. Loaded by those who ask for it. */
import { checkpointArtifact, type Json, readCheckpoint } from '@lacuna/core';
import type { ExportOptions } from './options.ts';
import { listRuns, readRun } from './status.ts';

/** Throws `checkpoint_not_found`, `invalid_argument`. */
export async function exportKept(run: string, { name = 'model', quantization = 'int8' }: ExportOptions) {
  const checkpoint = readCheckpoint(await readRun(run));
  const metrics = (await listRuns()).find((kept) => kept.run === run)?.metrics;
  return checkpointArtifact(checkpoint, { name, quantization, metrics: (metrics ?? null) as unknown as Json });
}
