/** The vocabulary ops where they go over the rows in several chunks, and where no row has a label. Tests only. */
import { describe, expect, it } from 'vitest';
import { distance, tapeGradient } from '../autograd/gradient-check.ts';
import type { Ops, VocabularyTargets } from '../ops/ops.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Demands, demandsOf } from './conformance-demands.ts';
import { drawInput, type Input } from './op-cases.ts';
import { referenceBackend } from './reference/training.ts';

const [N, C, K] = [8, 2, 5];

/** Multiples of 1/64: logits of them are exact in float32, so that ranks and ties are the same everywhere. */
function exact(random: Random, shape: readonly number[]): Input {
  return { shape, values: drawInput(random, shape).values.map((x) => Math.round(x * 64) / 64) };
}

function inputs(V: number): { hidden: Input; table: Input; bias: Input } {
  const random = new Random(11);
  return { hidden: exact(random, [N, C]), table: exact(random, [V, C]), bias: exact(random, [V]) };
}

const labelsOf = (V: number) => Int32Array.from({ length: N }, (_, i) => (i === 2 ? -100 : (i * 25_013) % V));

export function describeVocabularyForward(name: string, makeBackend: () => Promise<Ops>, demands: Demands): void {
  const { pieces, near } = demandsOf(demands);
  const labels = labelsOf(pieces);
  describeRanks(name, makeBackend);

  describe(`${name}, a vocabulary of several chunks`, () => {
    it('has the same ranks, targets and loss as the reference', async () => {
      const run = (on: Ops) =>
        on.scope(async () => {
          const { hidden, table, bias } = inputs(pieces);
          const [h, t, b] = [hidden, table, bias].map(({ values, shape }) => on.tensor(values, shape)) as [
            Tensor,
            Tensor,
            Tensor,
          ];
          const targets = on.topTargets(h, t, b, K, 2);
          const loss = on.vocabularyLoss(h, t, b, { labels, zLoss: 0.01, soft: { targets, weight: 0.5 } });
          return {
            indices: [...(await on.read(targets.indices))],
            rest: [await on.read(targets.probabilities), await on.read(on.vocabularyRank(h, t, b, labels))],
            loss: await on.read(loss),
          };
        });
      const [ours, expected] = [await run(await makeBackend()), await run(referenceBackend())];
      expect(ours.indices).toEqual(expected.indices);
      expected.rest.forEach((values, i) => {
        expect(distance(ours.rest[i] ?? [], values)).toEqual(near('chunks'));
      });
      expect(distance(ours.loss, expected.loss)).toEqual(near('chunks'));
    });
  });
}

/** A model that tells nothing apart, or has diverged, must not score as if it knew everything. */
export function describeRanks(name: string, makeBackend: () => Promise<Ops>): void {
  describe(`${name}, ranks`, () => {
    const pieces = 11;
    const all = Int32Array.from({ length: pieces }, (_, i) => i);
    const ranks = async (hidden: number, bias: readonly number[]) => {
      const on = await makeBackend();
      const read = await on.scope(() => {
        const h = on.tensor(new Float32Array(pieces).fill(hidden), [pieces, 1]);
        const table = on.tensor(new Float32Array(pieces).fill(1), [pieces, 1]);
        return on.read(on.vocabularyRank(h, table, on.tensor(bias, [pieces]), all));
      });
      return Array.from(read).filter((_, i) => i % 2 === 0);
    };

    it('of equal logits follow the order of the pieces', async () => {
      expect(await ranks(0, new Array(pieces).fill(0))).toEqual([...all]);
      expect(await ranks(0, [1, 0, 1, 2, 0, 1, 1, 0, 2, 1, 0])).toEqual([2, 7, 3, 0, 8, 4, 5, 9, 1, 6, 10]);
    });

    it('of NaN are the last', async () => {
      expect(await ranks(Number.NaN, new Array(pieces).fill(0))).toEqual(new Array(pieces).fill(pieces - 1));
    });
  });
}

export function describeVocabulary(name: string, makeBackend: () => Promise<TrainableOps>, demands: Demands): void {
  const { pieces, near } = demandsOf(demands);
  const labels = labelsOf(pieces);
  describeVocabularyForward(name, makeBackend, demands);

  const lossOf = (targets: VocabularyTargets) => (on: Ops, given: Readonly<Record<string, Tensor>>) =>
    on.vocabularyLoss(given.hidden as Tensor, given.table as Tensor, given.bias, targets);

  describe(`${name}, gradients of the vocabulary loss`, () => {
    it('are those of the reference over several chunks', async () => {
      const f = lossOf({ labels, zLoss: 0.01 });
      const ours = await tapeGradient(await makeBackend(), f, inputs(pieces));
      const expected = await tapeGradient(referenceBackend(), f, inputs(pieces));
      expect(Math.abs(ours.value - expected.value) / expected.value).toEqual(near('chunks'));
      for (const [key, gradient] of Object.entries(expected.gradients)) {
        const apart = distance(ours.gradients[key] ?? [], gradient);
        expect([key, apart]).toEqual([key, near('gradients of chunks')]);
      }
    });

    it('are zero, and so is the loss, when no row has a label', async () => {
      const random = new Random(3);
      const small = {
        hidden: drawInput(random, [5, 7]),
        table: drawInput(random, [9, 7]),
        bias: drawInput(random, [9]),
      };
      const nothing = lossOf({ labels: new Int32Array(5).fill(-100), zLoss: 0.1 });
      const { value, gradients } = await tapeGradient(await makeBackend(), nothing, small);
      expect(value).toBe(0);
      for (const gradient of Object.values(gradients)) expect(Array.from(gradient).every((g) => g === 0)).toBe(true);
    });
  });
}
