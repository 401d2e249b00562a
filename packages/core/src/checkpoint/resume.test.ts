/** A run that is stopped, saved and resumed ends as if it had never stopped: every weight, moment and average alike. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WindowStream, type WindowStreamState } from '../data/windows.ts';
import { DISTILL_RECIPE, distill } from '../distill/distill.ts';
import { studentConfig } from '../distill/student.ts';
import { initialParameters } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { embeddedSource } from '../text/embedded.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { trainTokenizer } from '../text/tokenizer-training.ts';
import { FINETUNE_RECIPE, finetune } from '../training/finetune.ts';
import type { LaneFactory } from '../training/lanes.ts';
import { PRETRAIN_RECIPE, pretrain } from '../training/pretrain.ts';
import type { Json, TrainingState } from '../training/state.ts';
import { wasmLanes } from '../training/testing.ts';
import { namedTexts, TOY_CONFIG } from '../training/toy-data.ts';
import type { TrainingEvent } from '../training/trainer.ts';
import { type Checkpoint, type RunDescription, writeCheckpoint } from './checkpoint.ts';
import { loadCheckpoint, saveCheckpoint } from './node.ts';

interface Lifetime {
  readonly makeLanes: LaneFactory;
  readonly signal: AbortSignal;
  readonly resume?: TrainingState;
}
type Run = (lifetime: Lifetime) => AsyncIterable<TrainingEvent>;

let folder = '';
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-resume-'));
  const stories = embeddedSource({ stories: 300 });
  tokenizer = Tokenizer.fromJSON(await trainTokenizer(stories.lines(), { vocabSize: 150, maxBytes: 50_000 }));
});
afterAll(() => rm(folder, { recursive: true }));

/** Text that is over after some steps, so that a run begins it anew. */
const openWindows = (state: Json | undefined) =>
  new WindowStream(
    [embeddedSource({ stories: 40 })],
    tokenizer,
    { seed: 5 },
    state as unknown as WindowStreamState | undefined,
  );

const masked = { seed: 5, budget: { steps: 30 }, batchTokens: [96, 192], length: [12, 24], dropout: 0.1 } as const;
const wordConfig = () => ({ ...TOY_CONFIG, vocabSize: tokenizer.vocabSize, maxPositionEmbeddings: 32 });

const teacherConfig = () => ({ ...wordConfig(), numHiddenLayers: 4 });

const pretraining: Run = (lifetime) =>
  pretrain({
    config: wordConfig(),
    recipe: { ...PRETRAIN_RECIPE, ...masked },
    vocabulary: tokenizer,
    openWindows,
    ...lifetime,
  });

const finetuning: Run = (lifetime) =>
  finetune({
    config: TOY_CONFIG,
    numLabels: 2,
    recipe: { ...FINETUNE_RECIPE, epochs: 3, batchSize: 8 },
    examples: namedTexts(80, 1),
    encoder: initialParameters(TOY_CONFIG, new Random(9)),
    ...lifetime,
  });

const distillation: Run = (lifetime) => {
  const teacher = teacherConfig();
  return distill({
    config: studentConfig(teacher),
    teacher: { config: teacher, parameters: initialParameters(teacher, new Random(8)) },
    recipe: { ...DISTILL_RECIPE, ...masked, topK: 8 },
    vocabulary: tokenizer,
    openWindows,
    ...lifetime,
  });
};

/** Runs until the signal aborts at step `until`, or to the end, and saves as the command line does. */
async function saved(run: Run, description: RunDescription, lanes: number, more: { until?: number; from?: string }) {
  const controller = new AbortController();
  const path = join(folder, `${Math.random()}`, 'checkpoint.safetensors');
  const resume = more.from === undefined ? {} : { resume: (await loadCheckpoint(more.from)).state };
  for await (const event of run({ makeLanes: wasmLanes(lanes), signal: controller.signal, ...resume })) {
    if (event.type === 'progress' && event.step === more.until) controller.abort();
    if (event.type === 'checkpoint') await saveCheckpoint(path, { ...description, state: await event.state() });
    if (event.type === 'done') expect(event.complete).toBe(more.until === undefined);
  }
  return path;
}

/** Everything but the clock. */
const bytesOf = (checkpoint: Checkpoint) =>
  writeCheckpoint({ ...checkpoint, state: { ...checkpoint.state, seconds: 0 } });

it.each([
  { name: 'pretrain', run: pretraining, lanes: 1, until: 11 },
  { name: 'pretrain', run: pretraining, lanes: 2, until: 14 },
  { name: 'finetune', run: finetuning, lanes: 1, until: 10 }, // the end of an epoch
  { name: 'finetune', run: finetuning, lanes: 1, until: 13 },
  { name: 'finetune', run: finetuning, lanes: 2, until: 13 },
  { name: 'distill', run: distillation, lanes: 1, until: 11 },
  { name: 'distill', run: distillation, lanes: 2, until: 14 },
])('$name on $lanes lanes, stopped at step $until of 30 and resumed, ends with the same bits', async (given) => {
  const { name, run, lanes, until } = given;
  const head = name === 'finetune' ? { head: { numLabels: 2 } } : {};
  const config = { pretrain: wordConfig(), finetune: TOY_CONFIG, distill: studentConfig(teacherConfig()) }[name];
  if (config === undefined) throw new Error(`no config of ${name}`);
  const description = { config, ...head, tokenizer: null, recipe: null };
  const whole = await loadCheckpoint(await saved(run, description, lanes, {}));
  const stopped = await saved(run, description, lanes, { until });
  const halfway = await loadCheckpoint(stopped);
  const resumed = await loadCheckpoint(await saved(run, description, lanes, { from: stopped }));
  expect([halfway, resumed].map(({ state }) => state.step)).toEqual([until, 30]);
  expect(Buffer.compare(bytesOf(resumed), bytesOf(whole))).toBe(0);
  expect(Buffer.compare(bytesOf(halfway), bytesOf(whole))).not.toBe(0);
});
