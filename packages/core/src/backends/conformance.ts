/** One suite for all backends: every op and its gradient against the reference, on sizes that are no multiple of anything. */
import { describe, expect, it } from 'vitest';
import { distance, tapeGradient } from '../autograd/gradient-check.ts';
import type { Ops } from '../ops/ops.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import { quantizeRows } from '../quantize/int8.ts';
import { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Demands, demandsOf } from './conformance-demands.ts';
import { drawInput, OP_CASES, weightedSum } from './op-cases.ts';
import { referenceBackend } from './reference/training.ts';

const MOST = 70;

/** Forward ops; the only suite for an inference backend. */
export function describeInference(name: string, makeBackend: () => Promise<Ops>, demands: Demands): void {
  const { rounds, near } = demandsOf(demands);
  describe(`${name}, forward`, () => {
    it.each(Object.entries(OP_CASES))('%s equals the reference', async (name, draw) => {
      const [ops, reference] = [await makeBackend(), referenceBackend()];
      for (let seed = 1; seed <= rounds; seed++) {
        const drawn = draw(new Random(seed), MOST);
        const run = (on: Ops) =>
          on.scope(async () => {
            const inputs = Object.entries(drawn.inputs).map(([key, { shape, values }]) => [
              key,
              on.tensor(values, shape),
            ]);
            const y = drawn.run(on, Object.fromEntries(inputs));
            return { shape: y.shape, values: await on.read(y) };
          });
        const [ours, expected] = [await run(ops), await run(reference)];
        expect(ours.shape).toEqual(expected.shape);
        expect([seed, distance(ours.values, expected.values)]).toEqual([seed, near(name)]);
      }
    });

    it('ranks labels and finds the largest as the reference does', async () => {
      const [ops, reference] = [await makeBackend(), referenceBackend()];
      for (let seed = 1; seed <= rounds; seed++) {
        const random = new Random(seed);
        const [N, C, V] = [1 + random.integer(40), 1 + random.integer(MOST), 2 + random.integer(300)];
        const [hidden, table, bias] = [drawInput(random, [N, C]), drawInput(random, [V, C]), drawInput(random, [V])];
        const labels = Int32Array.from({ length: N }, () => (random.integer(5) === 0 ? -100 : random.integer(V)));
        const K = 1 + random.integer(V + 3);
        const run = (on: Ops) =>
          on.scope(async () => {
            const [h, t, b] = [hidden, table, bias].map(({ values, shape }) => on.tensor(values, shape));
            const top = on.topTargets(h as Tensor, t as Tensor, b, K, 1.7);
            return {
              ranks: await on.read(on.vocabularyRank(h as Tensor, t as Tensor, b, labels)),
              indices: [...(await on.read(top.indices))],
              probabilities: await on.read(top.probabilities),
              shapes: [top.indices.shape, top.probabilities.shape],
            };
          });
        const [ours, expected] = [await run(ops), await run(reference)];
        expect(ours.shapes).toEqual(expected.shapes);
        expect(ours.indices).toEqual(expected.indices);
        expect(distance(ours.probabilities, expected.probabilities)).toEqual(near('topTargets'));
        const column = (from: ArrayLike<number>, c: number) => Array.from(from).filter((_, i) => i % 2 === c);
        expect(column(ours.ranks, 0)).toEqual(column(expected.ranks, 0));
        expect(distance(column(ours.ranks, 1), column(expected.ranks, 1))).toEqual(near('vocabularyRank'));
      }
    });

    it('takes int8 weights in place of float ones', async () => {
      const [ops, reference] = [await makeBackend(), referenceBackend()];
      for (let seed = 1; seed <= rounds; seed++) {
        const random = new Random(seed);
        // Few rows take a path of their own.
        const N = seed <= 5 ? seed : 1 + random.integer(40);
        const [C, V] = [1 + random.integer(MOST), 2 + random.integer(200)];
        const [x, table, bias] = [drawInput(random, [N, C]), drawInput(random, [V, C]), drawInput(random, [V])];
        const { values, scales } = quantizeRows(table.values, [V, C]);
        const ids = Int32Array.from({ length: N }, () => random.integer(V));
        const run = async (on: Ops) => {
          const weight = on.quantizedTensor(values, scales, [V, C]);
          return on.scope(async () => {
            const [h, b] = [on.tensor(x.values, x.shape), on.tensor(bias.values, bias.shape)];
            return {
              linear: await on.read(on.linear(h, weight, b)),
              embedding: await on.read(on.embedding(weight, ids, [N])),
              loss: await on.read(on.vocabularyLoss(h, weight, b, { labels: ids })),
            };
          });
        };
        const [ours, expected] = [await run(ops), await run(reference)];
        for (const key of ['linear', 'embedding', 'loss'] as const) {
          expect([key, distance(ours[key], expected[key])]).toEqual([key, near('int8 weights')]);
        }
      }
    });

    it('lets tensors die with their scope and keeps persistent ones', async () => {
      const ops = await makeBackend();
      const [kept, lost] = await ops.scope(() => [ops.persistent([3], [1, 2, 3]), ops.tensor([4, 5], [2])]);
      await ops.scope(() => ops.tensor([7, 7, 7, 7, 7, 7], [6]));
      expect([...(await ops.read(kept as Tensor))]).toEqual([1, 2, 3]);
      await expect((async () => ops.read(lost as Tensor))()).rejects.toMatchObject({ code: 'invalid_argument' });
    });

    it('runs one scope after the other, whatever fails', async () => {
      const ops = await makeBackend();
      const order: number[] = [];
      const first = ops.scope(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(1);
        throw new Error('no');
      });
      const second = ops.scope(() => order.push(2));
      await expect(first).rejects.toThrow('no');
      await second;
      expect(order).toEqual([1, 2]);
    });

    it('refuses what does not fit, with a code', async () => {
      const ops = await makeBackend();
      const x = ops.persistent([2, 6]);
      const refused = (fn: () => unknown, code: string) => expect(fn).toThrow(expect.objectContaining({ code }));
      refused(() => ops.linear(x, ops.persistent([3, 5])), 'shape_mismatch');
      refused(() => ops.add(x, ops.persistent([6, 2])), 'shape_mismatch');
      refused(() => ops.rmsNorm(x, ops.persistent([5]), 1e-6), 'shape_mismatch');
      refused(() => ops.geglu(ops.persistent([2, 5])), 'shape_mismatch');
      refused(() => ops.reshape(x, [5]), 'shape_mismatch');
      refused(() => ops.tensor([1, 2], [3]), 'shape_mismatch');
      refused(() => ops.embedding(x, Int32Array.of(2), [1]), 'invalid_argument');
      refused(() => ops.gatherRows(x, Int32Array.of(-2), [1]), 'invalid_argument');
      refused(() => ops.meanPool(ops.persistent([1, 2, 3]), Int32Array.of(3)), 'invalid_argument');
      refused(() => ops.dropout(x, 1, [0, 0]), 'invalid_argument');
      refused(() => ops.selfAttention(ops.persistent([1, 2, 18]), { numHeads: 4 }), 'shape_mismatch');
      refused(
        () => ops.vocabularyLoss(x, ops.persistent([4, 6]), undefined, { labels: Int32Array.of(0, 4) }),
        'invalid_argument',
      );
      const keyValue = ops.persistent([1, 3, 12]);
      const query = ops.persistent([1, 2, 6]);
      const one = { numHeads: 1 };
      refused(() => ops.crossAttention(ops.persistent([2, 2, 6]), keyValue, one), 'shape_mismatch');
      for (const length of [0, 4]) {
        refused(
          () => ops.crossAttention(query, keyValue, { ...one, keyLengths: Int32Array.of(length) }),
          'invalid_argument',
        );
      }
      refused(
        () => ops.crossAttention(query, keyValue, { ...one, queryPositions: Int32Array.of(0, 1) }),
        'shape_mismatch',
      );
      refused(() => ops.softmaxCrossEntropy(x, new Float32Array(11)), 'shape_mismatch');
      refused(() => ops.binaryCrossEntropy(x, new Float32Array(13)), 'shape_mismatch');
      refused(() => ops.cosineLoss(x, ops.persistent([3, 4])), 'shape_mismatch');
      refused(() => ops.topTargets(x, ops.persistent([4, 6]), undefined, 2, 0), 'invalid_argument');
      refused(() => ops.quantizedTensor(new Int8Array(6), new Float32Array(3), [2, 3]), 'shape_mismatch');
      refused(() => ops.scale({ shape: [1], dtype: 'float32' }, 2), 'invalid_argument');
    });
  });
}

/** Everything: forward ops, gradients, groups and the optimizer. */
export function describeBackend(name: string, makeBackend: () => Promise<TrainableOps>, demands: Demands): void {
  const { rounds, near } = demandsOf(demands);
  describeInference(name, makeBackend, demands);
  describe(`${name}, training`, () => {
    it.each(Object.entries(OP_CASES))("%s has the reference's gradient", async (name, draw) => {
      const [ops, reference] = [await makeBackend(), referenceBackend()];
      for (let seed = 1; seed <= rounds; seed++) {
        const drawn = draw(new Random(seed), MOST);
        const f = (on: Ops, inputs: Readonly<Record<string, Tensor>>) =>
          weightedSum(on, drawn.run(on, inputs), new Random(seed, 1));
        const ours = await tapeGradient(ops, f, drawn.inputs);
        const expected = await tapeGradient(reference, f, drawn.inputs);
        for (const [key, gradient] of Object.entries(expected.gradients)) {
          const apart = distance(ours.gradients[key] ?? [], gradient);
          expect([seed, key, apart]).toEqual([seed, key, near(name)]);
        }
      }
    });

    it.each(Object.entries(OP_CASES))('%s gives each input its gradient with the others frozen', async (op, draw) => {
      const [ops, reference] = [await makeBackend(), referenceBackend()];
      const drawn = draw(new Random(99), 20);
      const f = (on: Ops, inputs: Readonly<Record<string, Tensor>>) =>
        weightedSum(on, drawn.run(on, inputs), new Random(99, 1));
      const expected = await tapeGradient(reference, f, drawn.inputs);
      for (const name of Object.keys(drawn.inputs)) {
        const { gradients } = await tapeGradient(ops, f, drawn.inputs, undefined, [name]);
        expect(Object.keys(gradients)).toEqual([name]);
        const apart = distance(gradients[name] ?? [], expected.gradients[name] ?? []);
        expect([name, apart]).toEqual([name, near(op)]);
      }
    });

    it('steps, averages and measures groups as the reference does', async () => {
      const shapes = { 'a.weight': [13, 7], 'b.bias': [5], 'c.weight': [3, 3] } as const;
      const run = async (on: TrainableOps) => {
        const random = new Random(5);
        const [p, g, m, v, ema] = [0, 1, 2, 3, 4].map(() => on.group(shapes)) as [never, never, never, never, never];
        const size = 13 * 7 + 5 + 9;
        on.writeGroup(p, drawInput(random, [size]).values);
        on.writeGroup(ema, drawInput(random, [size]).values);
        for (let step = 1; step <= 6; step++) {
          on.writeGroup(g, drawInput(random, [size]).values);
          on.adamwStep(p, g, m, v, {
            learningRate: 0.01,
            beta1: 0.9,
            beta2: 0.98,
            epsilon: 1e-6,
            weightDecay: 0.1,
            step,
            gradientScale: 0.5,
            decayed: new Set(['a.weight', 'c.weight']),
          });
          on.lerpGroup(ema, p, 0.3);
        }
        const norm = await on.scope(() => on.read(on.squaredNorm(g)));
        const all = await Promise.all([p, m, v, ema].map((group) => on.readGroup(group)));
        on.zeroGroup(g);
        return [...all, norm, await on.readGroup(g)];
      };
      const [ours, expected] = [await run(await makeBackend()), await run(referenceBackend())];
      expected.forEach((values, i) => {
        expect([i, distance(ours[i] ?? [], values)]).toEqual([i, near('adamwStep')]);
      });
    });

    it('scales gradients down to a norm, and leaves all as it is where there is no norm', async () => {
      const ops = await makeBackend();
      const factorOf = (squared: number, clip: number) =>
        ops.scope(async () => (await ops.read(ops.clipFactor(ops.tensor([squared], []), clip)))[0]);
      expect(await factorOf(16, 1)).toBeCloseTo(0.25, 5);
      expect([await factorOf(0.25, 1), await factorOf(16, 0)]).toEqual([1, 1]);
      expect(await factorOf(Number.POSITIVE_INFINITY, 1)).toBeNaN();
      expect(await factorOf(Number.NaN, 1)).toBeNaN();
      const [p, g, m, v] = [1, 2, 3, 4].map((value) => {
        const group = ops.group({ a: [5] });
        ops.writeGroup(group, new Float32Array(5).fill(value));
        return group;
      }) as [never, never, never, never];
      const step = (scale: number) =>
        ops.scope(() => {
          const gradientScale = ops.clipFactor(ops.tensor([scale], []), 1);
          const rates = { learningRate: 0.1, beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1 };
          ops.adamwStep(p, g, m, v, { ...rates, step: 1, gradientScale, decayed: new Set(['a']) });
        });
      await step(Number.NaN);
      expect([...(await ops.readGroup(p)), ...(await ops.readGroup(m)), ...(await ops.readGroup(v))]).toEqual(
        [1, 3, 4].flatMap((value) => new Array(5).fill(value)),
      );
      await step(1);
      expect((await ops.readGroup(m))[0]).toBeCloseTo(0.9 * 3 + 0.1 * 2, 5);
    });

    it('refuses gradients and groups that do not fit, with a code', async () => {
      const ops = await makeBackend();
      const [x, dy] = [ops.persistent([2, 6]), ops.persistent([2, 5])];
      const refused = (fn: () => unknown) => expect(fn).toThrow(expect.objectContaining({ code: 'shape_mismatch' }));
      refused(() => ops.linearBackward(dy, x, ops.persistent([4, 6]), {}));
      refused(() => ops.geluBackward(dy, x));
      refused(() => ops.gegluBackward(dy, x));
      refused(() => ops.rmsNormBackward(dy, x, ops.persistent([6]), 1e-6, {}));
      refused(() => ops.accumulate(x, dy));
      const [group, other] = [ops.group({ a: [3] }), ops.group({ a: [4] })];
      refused(() => ops.writeGroup(group, new Float32Array(4)));
      refused(() => ops.lerpGroup(group, other, 0.5));
    });
  });
}
