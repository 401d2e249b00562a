/** Twenty steps of training from one seed, whose losses every backend must agree on. Tests only. */

import { WindowStream } from '../data/windows.ts';
import { CONFIGS } from '../model/config.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import { ADAMW } from '../optim/adamw.ts';
import { embeddedSource } from '../text/embedded.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { trainTokenizer } from '../text/tokenizer-training.ts';
import { inlineLanes } from '../training/lanes.ts';
import { MaskedBatches } from '../training/masked-batches.ts';
import { PRETRAIN_RECIPE } from '../training/pretrain.ts';
import { freshReplica } from '../training/state.ts';

const STEPS = 20;

/** Losses of `tiny` on the embedded corpus, dropout included, with 128 tokens a step. Closes the backend. */
export async function trainingLosses(ops: TrainableOps): Promise<number[]> {
  const source = embeddedSource({ seed: 1, stories: 100 });
  const tokenizer = Tokenizer.fromJSON(await trainTokenizer(source.lines(), { vocabSize: 400 }));
  const config = { ...CONFIGS.tiny, vocabSize: tokenizer.vocabSize };
  const lanes = inlineLanes(ops, { kind: 'masked', config, zLoss: 1e-4, dropout: 0.1 });
  await lanes.write(freshReplica(config, 1));
  const recipe = { ...PRETRAIN_RECIPE, batchTokens: 128, length: 32 };
  const batches = new MaskedBatches(new WindowStream([source], tokenizer, { seed: 1 }), tokenizer, recipe);
  const losses: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const { batch } = await batches.next(0);
    const options = { step, learningRate: 4e-3, optimizer: ADAMW, seed: 1, passTokens: 4096 };
    losses.push((await lanes.step(batch, options)).loss);
  }
  await lanes.close();
  return losses;
}

/** The largest difference of two curves. */
export function apart(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((loss, i) => Math.abs(loss - (b[i] as number))));
}
