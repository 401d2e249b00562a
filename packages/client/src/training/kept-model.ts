/** A kept run's model, without training on: what it is, and the file to use. */
import type { ModelConfig } from '@lacuna/core';
import { RemoteWorker } from '../workers/remote.ts';
import type { BackendName, ExportOptions } from './options.ts';
import { readPlan } from './plan.ts';
import { checkRunName, openRunFolder } from './run-folder.ts';
import type { TrainerService } from './trainer-worker.ts';

/** What was settled when the run began. */
export interface RunFacts {
  readonly run: string;
  readonly task: 'pretrain' | 'finetune' | 'distill';
  readonly config: ModelConfig;
  /** Of a classifier. */
  readonly labels?: readonly string[];
  /** The names of what it reads. */
  readonly texts: readonly string[];
  readonly backend: BackendName;
  readonly lanes: number;
}

/** Reads a kept run's plan, and no weights. Throws `checkpoint_not_found`, `artifact_unsupported`. */
export async function describeRun(run: string): Promise<RunFacts> {
  checkRunName(run);
  const plan = await readPlan(await openRunFolder(run));
  const { task, config, backend, lanes } = plan;
  const inputs = plan.task === 'finetune' ? [plan.data] : plan.texts;
  const labels = plan.task === 'finetune' ? plan.labels : undefined;
  return {
    run,
    task,
    config,
    ...(labels ? { labels } : {}),
    texts: inputs.map(({ name }) => name),
    backend,
    lanes,
  };
}

/**
 * The model of a kept run's last checkpoint as an artifact, made in a worker; `trainer.export()` gives the model as of now.
 * Throws `checkpoint_not_found`, `invalid_argument`.
 */
export async function exportRun(run: string, options: ExportOptions = {}): Promise<Uint8Array> {
  checkRunName(run);
  const worker = new RemoteWorker<TrainerService>(
    new Worker(new URL('./trainer-worker.ts', import.meta.url), { type: 'module', name: 'export' }),
  );
  try {
    return await worker.call<Uint8Array>((service) => service.exportKept(run, options));
  } finally {
    worker.close();
  }
}
