/** Fills a run's samples with the weights that it has. Loaded when the first samples are due: training does without it. */
import { parameterShapes, Tokenizer, type TrainingState } from '@lacuna/core/browser-training';
import { createWasmInference, Model } from '@lacuna/core/inference';
import type { SamplesEvent } from './events.ts';
import type { DistillPlan, PretrainPlan } from './plan.ts';

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
