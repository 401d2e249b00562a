/** What two models are asked: texts with drawn gaps, or whole texts with a label; and how an answer is judged. */
import { LacunaError } from '../errors.ts';
import type { Model } from '../inference/model.ts';
import { Random } from '../random/random.ts';
import type { Answer, HeldOutExample } from './comparison.ts';

/** An answer with the logits that it comes from. */
export interface Judged {
  readonly expected: string;
  readonly answer: Answer;
  readonly logits: Float32Array;
}

export interface Question {
  readonly task: Model['task'];
  readonly text: string;
  /** Rows of logits: one a gap, or one a text. */
  ask(model: Model): Promise<readonly Float32Array[]>;
  judge(logits: readonly Float32Array[]): readonly Judged[];
}

/** A question a text, cut to what both can read, with a share of its known tokens hidden. */
export function gapQuestions(
  first: Model,
  second: Model,
  examples: readonly HeldOutExample[],
  seed: number,
  ratio: number,
): Question[] {
  const { tokenizer } = first;
  const most = Math.min(first.maxTokens, second.maxTokens);
  const random = new Random(seed);
  const questions: Question[] = [];
  for (const { text } of examples) {
    const tokens = tokenizer.encode(text).slice(0, most);
    if (tokens.includes(tokenizer.maskId)) continue; // what stood in its gaps is unknown
    const open = [...tokens.keys()].filter((at) => !tokenizer.isSpecial(tokens[at] as number));
    if (open.length === 0) continue;
    random.shuffle(open);
    const hidden = open.slice(0, Math.max(1, Math.round(ratio * tokens.length))).sort((a, b) => a - b);
    const expected = hidden.map((at) => tokens[at] as number);
    for (const at of hidden) tokens[at] = tokenizer.maskId;
    questions.push({
      task: 'fill-mask',
      text: tokenizer.decode(tokens),
      ask: (model) => model.gapLogits(tokens.slice()),
      judge: (rows) => rows.map((logits, gap) => judged(logits, expected[gap] as number, tokenizer.pieces)),
    });
  }
  return questions;
}

/** A question a text. Throws `unknown_label`. */
export function labelQuestions({ labels, multiLabel }: Model, examples: readonly HeldOutExample[]): Question[] {
  return examples
    .filter(({ text }) => /\S/.test(text))
    .map(({ text, label }) => {
      const expected = labels.indexOf(label ?? '');
      if (expected < 0) {
        throw new LacunaError(
          'unknown_label',
          `compare: expected one of the labels ${labels.join(', ')}, got ${JSON.stringify(label)}.`,
          { label, labels },
        );
      }
      return {
        task: 'text-classification',
        text,
        ask: async (model) => {
          const found = await model.classify(text, { apply: 'none', truncate: true });
          const logits = new Map(found.map(({ label: of, score }) => [of, score]));
          return [Float32Array.from(labels, (of) => logits.get(of) as number)];
        },
        judge: ([logits]) => [judged(logits as Float32Array, expected, labels, multiLabel)],
      };
    });
}

/** The best of the choices and where the right one stands. */
function judged(logits: Float32Array, expected: number, choices: readonly string[], independent = false): Judged {
  let best = 0;
  let rank = 0;
  const right = logits[expected] as number;
  for (let k = 0; k < logits.length; k++) {
    if ((logits[k] as number) > (logits[best] as number)) best = k;
    if ((logits[k] as number) > right) rank++;
  }
  const most = logits[best] as number;
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  const probability = (logit: number) => (independent ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit - most) / sum);
  return {
    expected: choices[expected] as string,
    answer: {
      answer: choices[best] as string,
      score: probability(most),
      rank,
      expectedScore: probability(right),
    },
    logits,
  };
}
