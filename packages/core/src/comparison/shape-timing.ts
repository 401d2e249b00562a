/** How fast a model of some shape would answer: one with random weights is made and timed, as speed does not depend on them. */
import { type Artifact, readArtifact, writeArtifact } from '../artifact/artifact.ts';
import { LacunaError } from '../errors.ts';
import { loadModel } from '../inference/model.ts';
import type { ModelConfig } from '../model/config.ts';
import { type HeadConfig, parameterShapes } from '../model/parameters.ts';
import type { Ops } from '../ops/ops.ts';
import { Random } from '../random/random.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { median } from './comparison.ts';
import { gapQuestions, labelQuestions } from './questions.ts';

export interface ShapeTiming {
  /** Of `rounds` answers; with 15 % of the text's tokens hidden where the model fills gaps. */
  readonly medianMs: number;
  /** Tokens of the text, the separators around it counted. */
  readonly tokens: number;
}

const WARM_UP = 3;
/** Draws that are made; matrices repeat them. */
const DRAWS = 4099;

/**
 * Times int8 models of `config` with the vocabulary and labels of `like` on `text`, which is cut where it is too long.
 * `rounds`: 20 by default. Throws `empty_text`, `invalid_config`.
 */
export async function timeShape(
  ops: Ops,
  like: Pick<Artifact, 'pieces' | 'labels' | 'multiLabel' | 'task'>,
  config: ModelConfig,
  text: string,
  rounds = 20,
): Promise<ShapeTiming> {
  const head = like.task === 'text-classification' ? { numLabels: like.labels.length } : undefined;
  const bytes = await writeArtifact({
    name: 'shape',
    config,
    head,
    labels: like.labels,
    multiLabel: like.multiLabel,
    tokenizer: new Tokenizer(like.pieces).toJSON(),
    params: someParameters(config, head),
    quantization: 'int8',
  });
  const model = loadModel(ops, await readArtifact(bytes));
  const examples = [{ text, label: like.labels[0] }];
  const [question] = head ? labelQuestions(model, examples) : gapQuestions(model, model, examples, 1, 0.15);
  if (!question) throw new LacunaError('empty_text', 'time: the text must have a word, got none.');
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const before = performance.now();
    await question.ask(model);
    if (round >= WARM_UP) times.push(performance.now() - before);
  }
  return { medianMs: median(times), tokens: Math.min(model.tokenizer.encode(text).length, model.maxTokens) + 2 };
}

/** Random values of a usual size: millions of draws of their own would take longer than all that is timed. */
function someParameters(config: ModelConfig, head: HeadConfig | undefined): Record<string, Float32Array> {
  const random = new Random(1);
  const draws = Float32Array.from({ length: DRAWS }, () => random.normal() / Math.sqrt(config.hiddenSize));
  const fill = (length: number) => Float32Array.from({ length }, (_, i) => draws[i % DRAWS] as number);
  const shapes = Object.entries(parameterShapes(config, head));
  return Object.fromEntries(
    shapes.map(([name, shape]) => [
      name,
      name.endsWith('norm.weight') ? new Float32Array(sizeOf(shape)).fill(1) : fill(sizeOf(shape)),
    ]),
  );
}
