import { describe, expect, it } from 'vitest';
import { OP_CASES, weightedSum } from '../backends/op-cases.ts';
import { referenceBackend } from '../backends/reference/training.ts';
import { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { distance, numericGradient, tapeGradient } from './gradient-check.ts';
import { Tape } from './tape.ts';

describe.each(Object.entries(OP_CASES))('%s', (_name, draw) => {
  it('has the gradient that finite differences give', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const ops = referenceBackend();
      const drawn = draw(new Random(seed), 6);
      const f = (on: typeof ops | Tape, inputs: Readonly<Record<string, Tensor>>) =>
        weightedSum(on, drawn.run(on, inputs), new Random(seed, 1));
      const read = (tensor: Tensor) => ops.readExact(tensor);
      const { gradients } = await tapeGradient(ops, f as never, drawn.inputs, read);
      const numeric = await numericGradient(ops, f as never, drawn.inputs, read);
      for (const [name, expected] of Object.entries(numeric)) {
        expect([name, distance(gradients[name] ?? [], expected)]).toEqual([name, expect.closeTo(0, 6)]);
      }
    }
  });
});

describe('distance', () => {
  it('is relative to the largest value and infinite for what is not a number or not as long', () => {
    expect(distance([1, 2, 4.4], [1, 2, 4])).toBeCloseTo(0.1);
    for (const bad of [[Number.NaN, 2], [1, Number.NaN], [1]]) expect(distance(bad, [1, 2])).toBe(Infinity);
  });
});

describe('Tape', () => {
  const ops = referenceBackend();

  it('leaves frozen parameters and constants alone', async () => {
    const [x, w, frozen] = [ops.persistent([2, 3], [1, 2, 3, 4, 5, 6]), ops.persistent([2, 3]), ops.persistent([2, 3])];
    const into = ops.persistent([2, 3]);
    await ops.scope(() => {
      const tape = new Tape(ops, new Map([[w, into]]));
      const y = tape.add(tape.linear(x, w), tape.linear(x, frozen));
      tape.backward(tape.meanSquaredError(y, ops.tensor([1, 1, 1, 1], [2, 2])));
    });
    expect([...(await ops.read(into))].some((value) => value !== 0)).toBe(true);
    expect([...(await ops.read(frozen))]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('adds to gradients that are there already', async () => {
    const [w, into] = [ops.persistent([2], [3, -1]), ops.persistent([2], [10, 20])];
    await ops.scope(() => {
      const tape = new Tape(ops, new Map([[w, into]]));
      tape.backward(tape.meanSquaredError(w, ops.tensor([0, 0], [2])));
    });
    expect([...(await ops.read(into))]).toEqual([13, 19]);
  });

  it('refuses a loss that is no scalar and a weight that was computed', async () => {
    const [x, w] = [ops.persistent([2, 2], [1, 2, 3, 4]), ops.persistent([2, 2], [1, 0, 0, 1])];
    const tape = new Tape(ops, new Map([[w, ops.persistent([2, 2])]]));
    expect(() => tape.backward(x)).toThrow(expect.objectContaining({ code: 'shape_mismatch' }));
    expect(() => tape.linear(x, tape.scale(w, 2))).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});
