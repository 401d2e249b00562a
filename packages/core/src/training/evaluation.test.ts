import { describe, expect, it } from 'vitest';
import { referenceBackend } from '../backends/reference/training.ts';
import type { TextBatch } from '../model/batch.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { addScores, classificationScores, maskedScores, metricsOf } from './evaluation.ts';
import { heldOutBatches } from './masked-batches.ts';
import { frozen } from './task.ts';
import { CountingWindows, TOY_CONFIG, TOY_VOCABULARY } from './toy-data.ts';

const ops = referenceBackend();
const { vocabSize: V } = TOY_CONFIG;

/** A decoder whose states are zero: the logits of every gap are the bias. */
function biased(bias: Float32Array) {
  const values = initialParameters(TOY_CONFIG, new Random(1));
  values['decoder.norm.weight']?.fill(0);
  return frozen(ops, TOY_CONFIG, { ...values, 'cls.predictions.bias': bias });
}

/** A head without weights: the logits of every text are `logits`. */
function decided(logits: readonly number[]) {
  const head = { numLabels: logits.length };
  const values = initialParameters(TOY_CONFIG, new Random(1), head);
  values['classifier.out_proj.weight']?.fill(0);
  values['classifier.out_proj.bias']?.set(logits);
  const shapes = Object.entries(parameterShapes(TOY_CONFIG, head));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, ops.persistent(shape, values[name])]));
}

function texts(targets: readonly (readonly number[])[]): TextBatch {
  const batchSize = targets.length;
  const length = 3;
  return {
    kind: 'text',
    batchSize,
    length,
    inputIds: new Int32Array(batchSize * length).fill(7),
    lengths: new Int32Array(batchSize).fill(length),
    targets: Float32Array.from(targets.flat()),
  };
}

describe('scores of removed tokens', () => {
  it('count how often the removed piece is the best and among the five best, and what it costs', async () => {
    const held = { windows: 8, length: 10, ratio: 0.3, seed: 3 };
    const [batch] = await heldOutBatches(new CountingWindows(4), TOY_VOCABULARY, held);
    if (!batch) throw new Error('no windows');
    // Piece 9 is the best, 10 to 13 follow, all others are equal and last.
    const bias = new Float32Array(V).map((_, id) => (id >= 9 && id <= 13 ? 14 - id : -1));
    const scores = await maskedScores(ops, biased(bias), TOY_CONFIG, batch);
    const labels = [...batch.labels].filter((label) => label >= 0);
    const logSum = Math.log(bias.reduce((sum, x) => sum + Math.exp(x), 0));
    const expected = labels.reduce((sum, label) => sum + logSum - (bias[label] as number), 0);
    expect(scores).toMatchObject({
      count: labels.length,
      top1: labels.filter((label) => label === 9).length,
      top5: labels.filter((label) => label >= 9 && label <= 13).length,
    });
    expect(scores.top5).toBeGreaterThan(0);
    expect(scores.crossEntropy).toBeCloseTo(expected, 4);
    expect(metricsOf(scores)).toEqual({
      top1: scores.top1 / labels.length,
      top5: scores.top5 / labels.length,
      crossEntropy: scores.crossEntropy / labels.length,
      pseudoPerplexity: Math.exp(scores.crossEntropy / labels.length),
      tokens: labels.length,
    });
  });
});

describe('scores of labels', () => {
  it('are accuracy and the mean of the labels’ F1, where a label that nobody has counts as 0', async () => {
    const batch = texts([
      [1, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ]);
    const logits = [2, 0, -1, -3];
    const scores = await classificationScores(ops, decided(logits), TOY_CONFIG, batch, false);
    // The first label is always given: 2 hits, 2 false alarms. The others are missed, the last is never wanted.
    expect(scores.perLabel).toEqual([2, 2, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0]);
    const metrics = metricsOf(scores);
    expect(metrics).toMatchObject({ accuracy: 0.5, examples: 4 });
    expect('macroF1' in metrics && metrics.macroF1).toBeCloseTo((2 * 2) / (2 * 2 + 2) / 4, 10);
    const logSum = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
    expect(metrics.crossEntropy).toBeCloseTo((4 * logSum - 2 - 2 - 0 + 1) / 4, 5);
  });

  it('of several labels a text are right when all are', async () => {
    const batch = texts([
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
    const scores = await classificationScores(ops, decided([3, -3]), TOY_CONFIG, batch, true);
    expect(scores.perLabel).toEqual([2, 1, 0, 0, 0, 1]);
    const metrics = metricsOf(scores);
    expect('accuracy' in metrics && metrics.accuracy).toBeCloseTo(1 / 3, 10);
    expect('macroF1' in metrics && metrics.macroF1).toBeCloseTo((2 * 2) / (2 * 2 + 1) / 2, 10);
    const yes = Math.log1p(Math.exp(-3));
    const no = 3 + yes;
    expect(metrics.crossEntropy).toBeCloseTo((yes + yes + (yes + no) + (no + yes)) / 2 / 3, 5);
  });

  it('add up over batches', async () => {
    const params = decided([1, 0]);
    const parts = [
      texts([[1, 0]]),
      texts([
        [0, 1],
        [1, 0],
      ]),
    ];
    const scores = await Promise.all(parts.map((batch) => classificationScores(ops, params, TOY_CONFIG, batch, false)));
    const whole = await classificationScores(
      ops,
      params,
      TOY_CONFIG,
      texts([
        [1, 0],
        [0, 1],
        [1, 0],
      ]),
      false,
    );
    expect(addScores(scores)).toEqual({ ...whole, crossEntropy: expect.closeTo(whole.crossEntropy, 6) });
  });
});
