/** The runs that this browser keeps, and the models that they made. */
import { describeRun, exportRun, type KeptRun, listRuns, type RunFacts } from '@lacuna/client/training';
import { artifactName } from '../artifact-name.ts';
import type { Project, StudioModel } from '../project.ts';
import { type RunRecord, readRecord } from './run-records.ts';

export interface StudioRun extends KeptRun {
  readonly facts: RunFacts;
  readonly record: RunRecord;
}

export const modelIdOf = (run: string): string => `run:${run}`;

/** All kept runs, the last saved first. One that another version of Studio made is passed over. */
export async function readRuns(): Promise<StudioRun[]> {
  const runs: StudioRun[] = [];
  for (const kept of await listRuns()) {
    const facts = await describeRun(kept.run).catch(() => undefined);
    if (facts) runs.push({ ...kept, facts, record: await readRecord(kept.run) });
  }
  return runs.sort((a, b) => b.savedAt - a.savedAt);
}

/** Reads the runs and puts those that have weights among the project's models, in place of those from before. */
export async function refreshRuns(project: Project): Promise<readonly StudioRun[]> {
  const runs = await readRuns();
  const models = runs
    .filter(({ sizeBytes }) => sizeBytes > 0)
    .map((run) => {
      const before = project.model(modelIdOf(run.run));
      // The same object for the same weights: what shows a model need not load it anew.
      return before?.savedAt === run.savedAt && !before.metrics === !run.metrics ? before : modelOf(run);
    });
  const others = project.models.value.filter(({ id }) => !id.startsWith(modelIdOf('')));
  project.models.value = [...others, ...models];
  if (project.chosen.value !== undefined && !project.chosenModel.value) project.chosen.value = undefined;
  return runs;
}

function modelOf({ run, task, savedAt, parameters, metrics, facts, record }: StudioRun): StudioModel {
  const { config, labels } = facts;
  return {
    id: modelIdOf(run),
    name: run,
    savedAt,
    task: task === 'finetune' ? 'classification' : 'fill-mask',
    config,
    parameters,
    ...(labels ? { labels } : {}),
    ...(metrics ? { metrics } : {}),
    ...(record.teacherId === undefined ? {} : { teacherId: record.teacherId }),
    artifact: async (quantization = 'int8') => {
      const bytes = await exportRun(run, { name: artifactName(run), quantization });
      return new Blob([bytes as Uint8Array<ArrayBuffer>]);
    },
  };
}
