/** How fast a model of some shape would answer: one with random weights is made and timed, as speed does not depend on them. */
import { type Artifact, readArtifact, writeArtifact } from '../artifact/artifact.ts';
import { LacunaError } from '../errors.ts';
import { loadModel } from '../inference/model.ts';
import type { ModelConfig } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import type { Ops } from '../ops/ops.ts';
import { Random } from '../random/random.ts';
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
    params: initialParameters(config, new Random(1), head),
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
