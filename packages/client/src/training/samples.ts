/** Texts with gaps, filled now and then while a model learns: its progress in words. */
import {
  createWasmInference,
  MASK,
  Model,
  parameterShapes,
  type TextSource,
  Tokenizer,
  type TrainingState,
} from '@lacuna/core/browser-training';
import type { SamplesEvent } from './events.ts';
import type { DistillPlan, PretrainPlan } from './plan.ts';

/** Words of a sample; a text that is longer loses its end. */
const SAMPLE_WORDS = 16;

/** The first lines with at least four words, each with the word in its middle hidden. */
export async function sampleTexts(sources: readonly TextSource[], count: number): Promise<string[]> {
  const found: string[] = [];
  const [first] = sources;
  if (!first) return found;
  for await (const line of first.lines()) {
    const words = line.trim().split(/\s+/).slice(0, SAMPLE_WORDS);
    if (words.length < 4) continue;
    const middle = words.length >> 1;
    // What stands around the word, like a comma, stays.
    words[middle] = (words[middle] as string).replace(/[\p{L}\p{N}][^\s]*[\p{L}\p{N}]|[\p{L}\p{N}]/u, MASK);
    if (!(words[middle] as string).includes(MASK)) continue;
    found.push(words.join(' '));
    if (found.length === count) break;
  }
  return found;
}

/** Fills the plan's samples with the run's weights, on kernels of their own. */
export async function fillSamples(
  plan: PretrainPlan | DistillPlan,
  { parameters, ema }: Pick<TrainingState, 'parameters' | 'ema'>,
  kernels: WebAssembly.Module,
): Promise<SamplesEvent['samples']> {
  const ops = createWasmInference(kernels);
  const weights = plan.recipe.optimizer.ema > 0 ? ema : parameters;
  const params: Record<string, ReturnType<typeof ops.persistent>> = {};
  let at = 0;
  for (const [name, shape] of Object.entries(parameterShapes(plan.config))) {
    const size = shape.reduce((product, n) => product * n, 1);
    params[name] = ops.persistent(shape, weights.subarray(at, at + size));
    at += size;
  }
  const { config } = plan;
  const tokenizer = Tokenizer.fromJSON(plan.tokenizer);
  const described = { name: 'sample', task: 'fill-mask', labels: [], multiLabel: false } as const;
  const model = new Model(ops, { ...described, config, tokenizer, params });
  const samples = [];
  for (const text of plan.samples) {
    const gaps = await model.fillMask(text, { topK: 1, truncate: true });
    samples.push({
      text,
      gaps: gaps.map(([best]) => ({ token: best?.token_str ?? '', score: best?.score ?? 0 })),
    });
  }
  return samples;
}
