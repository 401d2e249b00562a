/**
 * What the browser test runs, in Chromium and in Node alike: the road from a text to an answer on the WASM kernels.
 * Only what a browser has: no files, no threads.
 */
import {
  CONFIGS,
  embeddedSource,
  inlineLanes,
  loadModel,
  PRETRAIN_RECIPE,
  pretrain,
  readArtifact,
  Tokenizer,
  type TrainingState,
  trainTokenizer,
  WindowStream,
  weightsOf,
  writeArtifact,
} from '@lacuna/core';
import { createWasmInference } from '../packages/core/src/backends/wasm/inference.ts';
import { createWasmBackend } from '../packages/core/src/backends/wasm/training.ts';

export interface Outcome {
  readonly losses: readonly number[];
  /** SHA-256 of the weights after the last step, hexadecimal. */
  readonly weights: string;
  readonly filled: string | undefined;
  readonly score: number | undefined;
}

/** `training` and `inference` are compiled kernels. */
export async function run(training: WebAssembly.Module, inference: WebAssembly.Module): Promise<Outcome> {
  const source = embeddedSource({ seed: 1, stories: 400 });
  const tokenizerJson = await trainTokenizer(source.lines(), { vocabSize: 600 });
  const tokenizer = Tokenizer.fromJSON(tokenizerJson);
  const config = { ...CONFIGS.tiny, vocabSize: tokenizer.vocabSize, maxPositionEmbeddings: 64 };
  const recipe = { ...PRETRAIN_RECIPE, budget: { steps: 12 }, batchTokens: 1024, dropout: 0.1, learningRate: 4e-3 };
  const losses: number[] = [];
  let state: TrainingState | undefined;
  for await (const event of pretrain({
    config,
    recipe,
    vocabulary: tokenizer,
    openWindows: () => new WindowStream([source], tokenizer, { seed: 1 }),
    makeLanes: async (task) => inlineLanes(createWasmBackend(training), task),
  })) {
    if (event.type === 'progress') losses.push(event.loss);
    if (event.type === 'checkpoint') state = await event.state();
  }
  if (!state) throw new Error('the run ended without a checkpoint');
  const params = weightsOf({ config, tokenizer: null, recipe: null, state }, 'parameters');
  const parts = { name: 'toy', config, labels: [], multiLabel: false, tokenizer: tokenizerJson, params };
  const artifact = await readArtifact(await writeArtifact({ ...parts, quantization: 'int8' }));
  const model = loadModel(createWasmInference(inference), artifact);
  const [gap] = await model.fillMask('The girl is [MASK].', { topK: 1 });
  return { losses, weights: await sha256(state.parameters), filled: gap?.[0]?.sequence, score: gap?.[0]?.score };
}

async function sha256(values: Float32Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(new Uint8Array(values.buffer)));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
