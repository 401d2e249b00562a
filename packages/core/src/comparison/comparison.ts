/** Two models on the same held-out examples: a student beside its teacher, int8 weights beside float ones. */
import { LacunaError } from '../errors.ts';
import type { Model } from '../inference/model.ts';
import { gapQuestions, type Judged, labelQuestions, type Question } from './questions.ts';

export interface HeldOutExample {
  readonly text: string;
  /** What a classifier should answer. */
  readonly label?: string;
}

export interface CompareOptions {
  /** Which tokens are hidden; 1 by default. */
  readonly seed?: number;
  /** Share of a text's tokens that are hidden, where models fill gaps; 0.15 by default, and at least one. */
  readonly ratio?: number;
  readonly signal?: AbortSignal;
  /** 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** One model's answer to one question. */
export interface Answer {
  /** A piece of the vocabulary, or a label. */
  readonly answer: string;
  /** Its probability. */
  readonly score: number;
  /** How many answers the model likes better than the right one: 0 where it is right. */
  readonly rank: number;
  /** The probability of the right answer. */
  readonly expectedScore: number;
}

export interface ComparedAnswer {
  /** As the models read it, with `[MASK]` for what was hidden. */
  readonly text: string;
  /** Which of its gaps is meant, from 0; absent where texts are labelled. */
  readonly gap?: number;
  readonly expected: string;
  readonly first: Answer;
  readonly second: Answer;
}

export interface ComparedScores {
  /** How often the best answer is right: the accuracy of a classifier. */
  readonly top1: number;
  /** How often the right answer is among the five best. */
  readonly top5: number;
  /** Mean of −log p of the right answer, in nats. */
  readonly crossEntropy: number;
  /** Half of the texts were answered faster. */
  readonly medianMs: number;
}

export interface Comparison {
  readonly task: Model['task'];
  readonly texts: number;
  /** In order: an answer a gap, or a text. */
  readonly answers: readonly ComparedAnswer[];
  readonly first: ComparedScores;
  readonly second: ComparedScores;
  /** Share of questions that both answer alike, rightly or not. */
  readonly agreement: number;
  /** Absolute differences between the logits of both. */
  readonly logits: { readonly meanDifference: number; readonly largestDifference: number };
}

/**
 * Asks both models the same: to fill the same gaps, which a seed draws, or to label the same texts; longer ones are cut.
 * Throws `invalid_argument` for models that do not answer alike, `unknown_label`, `empty_text`, `aborted`.
 */
export async function compareModels(
  first: Model,
  second: Model,
  examples: readonly HeldOutExample[],
  { seed = 1, ratio = 0.15, signal, onProgress = () => {} }: CompareOptions = {},
): Promise<Comparison> {
  checkAlike(first, second);
  const questions =
    first.task === 'fill-mask' ? gapQuestions(first, second, examples, seed, ratio) : labelQuestions(first, examples);
  if (questions.length === 0) {
    throw new LacunaError('empty_text', 'compare: expected held-out examples with a word each, got none.');
  }
  const answers: ComparedAnswer[] = [];
  const times = { first: [] as number[], second: [] as number[] };
  const differences = { sum: 0, count: 0, largest: 0 };
  for (const [i, question] of questions.entries()) {
    if (signal?.aborted) {
      throw new LacunaError('aborted', 'compare: the signal came.', {}, { cause: signal.reason });
    }
    const ours = await timed(first, question, times.first);
    const theirs = await timed(second, question, times.second);
    for (const [at, mine] of ours.entries()) {
      const other = theirs[at] as Judged;
      const gap = question.task === 'fill-mask' ? { gap: at } : {};
      answers.push({ text: question.text, ...gap, expected: mine.expected, first: mine.answer, second: other.answer });
      mine.logits.forEach((logit, k) => {
        const difference = Math.abs(logit - (other.logits[k] as number));
        differences.sum += difference;
        differences.largest = Math.max(differences.largest, difference);
      });
      differences.count += mine.logits.length;
    }
    onProgress((i + 1) / questions.length);
  }
  return {
    task: first.task,
    texts: questions.length,
    answers,
    first: scoresOf(
      answers.map((compared) => compared.first),
      times.first,
    ),
    second: scoresOf(
      answers.map((compared) => compared.second),
      times.second,
    ),
    agreement: share(answers, (compared) => compared.first.answer === compared.second.answer),
    logits: { meanDifference: differences.sum / differences.count, largestDifference: differences.largest },
  };
}

async function timed(model: Model, question: Question, times: number[]): Promise<readonly Judged[]> {
  const before = performance.now();
  const logits = await question.ask(model);
  times.push(performance.now() - before);
  return question.judge(logits);
}

function scoresOf(answers: readonly Answer[], times: readonly number[]): ComparedScores {
  return {
    top1: share(answers, ({ rank }) => rank < 1),
    top5: share(answers, ({ rank }) => rank < 5),
    crossEntropy: answers.reduce((sum, { expectedScore }) => sum - Math.log(expectedScore), 0) / answers.length,
    medianMs: median(times),
  };
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length / items.length;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Answers can be held side by side where both choose between the same. */
function checkAlike(first: Model, second: Model): void {
  const choices = ({ task, labels, tokenizer }: Model) => (task === 'fill-mask' ? tokenizer.pieces : labels);
  const [mine, other] = [choices(first), choices(second)];
  if (first.task === second.task && mine.length === other.length && mine.every((choice, i) => choice === other[i])) {
    return;
  }
  const what = first.task === 'fill-mask' ? 'the same vocabulary' : 'the same labels in the same order';
  throw new LacunaError(
    'invalid_argument',
    `compare: expected two models for ${first.task} with ${what}, got ${first.name} and ${second.name}.`,
    { first: first.name, second: second.name },
  );
}
