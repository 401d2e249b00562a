import { describe, expect, it } from 'vitest';
import { referenceBackend } from '../backends/reference/training.ts';
import { checkTeacher, distillationLoss } from '../losses/distillation.ts';
import { gapStates } from '../model/masked.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { heldOutBatches } from '../training/masked-batches.ts';
import { PRETRAIN_RECIPE, pretrain } from '../training/pretrain.ts';
import { unflatten } from '../training/state.ts';
import { DISTILLATION_WEIGHTS, frozen } from '../training/task.ts';
import { wasmLanes } from '../training/testing.ts';
import { CountingWindows, TOY_CONFIG, TOY_VOCABULARY } from '../training/toy-data.ts';
import type { TrainingEvent } from '../training/trainer.ts';
import { DISTILL_RECIPE, distill } from './distill.ts';
import { studentConfig } from './student.ts';

const held = { windows: 16, length: 12, ratio: 0.25, seed: 1 };
const heldOut = () => heldOutBatches(new CountingWindows(9), TOY_VOCABULARY, held);

describe('the distillation loss', () => {
  it('is what its formula gives for two models whose logits are known', async () => {
    const ops = referenceBackend();
    const { vocabSize: V } = TOY_CONFIG;
    // Decoders whose states are zero: the logits of every gap are the biases.
    const biased = (bias: Float32Array) => {
      const values = initialParameters(TOY_CONFIG, new Random(1));
      values['decoder.norm.weight']?.fill(0);
      return frozen(ops, TOY_CONFIG, { ...values, 'cls.predictions.bias': bias });
    };
    const taught = Float32Array.from({ length: V }, (_, i) => 2 * Math.sin(i));
    const own = Float32Array.from({ length: V }, (_, i) => Math.cos(3 * i));
    const [batch] = await heldOut();
    if (!batch) throw new Error('no windows');
    const options = { weights: { soft: 0.5, hard: 0.3, hidden: 0 }, topK: 4, temperature: 2, zLoss: 0 };
    const teacher = { config: TOY_CONFIG, params: biased(taught) };
    const [loss] = await ops.read(distillationLoss(ops, ops, biased(own), TOY_CONFIG, teacher, batch, options));

    const softmax = (logits: Float32Array, temperature: number) => {
      const exps = [...logits].map((x) => Math.exp(x / temperature));
      const sum = exps.reduce((a, b) => a + b);
      return exps.map((x) => x / sum);
    };
    const [t, s] = [softmax(taught, 2), softmax(own, 2)];
    const top = t
      .map((_, i) => i)
      .sort((a, b) => (t[b] as number) - (t[a] as number))
      .slice(0, 4);
    const buckets = (p: readonly number[]) => {
      const kept = top.map((i) => p[i] as number);
      return [...kept, 1 - kept.reduce((a, b) => a + b)];
    };
    const [tb, sb] = [buckets(t), buckets(s)];
    const kl = tb.reduce((sum, p, i) => sum + p * Math.log(p / (sb[i] as number)), 0);
    const likelihoods = softmax(own, 1);
    const labels = [...batch.labels].filter((label) => label >= 0);
    const hard = labels.reduce((sum, label) => sum - Math.log(likelihoods[label] as number), 0) / labels.length;
    expect(loss).toBeCloseTo(0.5 * 4 * kl + 0.3 * hard, 4);
  });

  it('adds what lies between the angles of the two models’ states, by its weight', async () => {
    const ops = referenceBackend();
    const [own, other] = [1, 2].map((seed) => frozen(ops, TOY_CONFIG, initialParameters(TOY_CONFIG, new Random(seed))));
    const [batch] = await heldOut();
    if (!batch || !own || !other) throw new Error('no windows');
    const teacher = { config: TOY_CONFIG, params: other };
    const lossWith = async (hidden: number) => {
      const options = { weights: { soft: 0, hard: 1, hidden }, topK: 4, temperature: 2, zLoss: 0 };
      const [loss] = await ops.read(distillationLoss(ops, ops, own, TOY_CONFIG, teacher, batch, options));
      return loss as number;
    };
    const [a, b] = [own, other].map((params) => gapStates(ops, params, TOY_CONFIG, batch).gaps);
    if (!a || !b) throw new Error('no states');
    const C = TOY_CONFIG.hiddenSize;
    const [states, taught] = [await ops.read(a), await ops.read(b)];
    const dot = (x: Float32Array, y: Float32Array, row: number) =>
      x.subarray(row * C, (row + 1) * C).reduce((sum, value, i) => sum + value * (y[row * C + i] as number), 0);
    const rows = states.length / C;
    let distance = 0;
    for (let row = 0; row < rows; row++) {
      const lengths = Math.sqrt(dot(states, states, row) * dot(taught, taught, row));
      distance += (1 - dot(states, taught, row) / lengths) / rows;
    }
    expect(distance).toBeGreaterThan(0.1);
    expect((await lossWith(0.7)) - (await lossWith(0))).toBeCloseTo(0.7 * distance, 4);
  });

  it('refuses a teacher of another vocabulary, and one of another width unless its states do not count', () => {
    const refused = (teacher: typeof TOY_CONFIG) => () => checkTeacher(TOY_CONFIG, teacher, DISTILLATION_WEIGHTS);
    const invalid = (field: string) =>
      expect.objectContaining({ code: 'invalid_config', facts: expect.objectContaining({ field }) });
    expect(refused({ ...TOY_CONFIG, vocabSize: 25 })).toThrow(invalid('vocabSize'));
    const wide = { ...TOY_CONFIG, hiddenSize: 32 };
    expect(refused(wide)).toThrow(invalid('hiddenSize'));
    expect(() => checkTeacher(TOY_CONFIG, wide, { ...DISTILLATION_WEIGHTS, hidden: 0 })).not.toThrow();
  });
});

describe('a student', () => {
  it('starts from the layers of another model where the teacher is wider', async () => {
    const wide = { ...TOY_CONFIG, hiddenSize: 32 };
    const parameters = initialParameters(TOY_CONFIG, new Random(5));
    const student = studentConfig(TOY_CONFIG);
    const events = distill({
      config: student,
      teacher: { config: wide, parameters: initialParameters(wide, new Random(1)) },
      start: { config: TOY_CONFIG, parameters },
      recipe: {
        ...DISTILL_RECIPE,
        weights: { soft: 0.5, hard: 0.5, hidden: 0 },
        budget: { steps: 1 },
        learningRate: 0,
      },
      vocabulary: TOY_VOCABULARY,
      openWindows: () => new CountingWindows(1),
      makeLanes: wasmLanes(1),
    });
    for await (const event of events) {
      if (event.type !== 'checkpoint') continue;
      const { parameters: learned } = await event.state();
      const values = unflatten(learned, parameterShapes(student));
      const name = 'encoder.layer.0.attention.qkv.weight';
      expect(values[name]).toEqual(parameters[name]);
      return;
    }
    throw new Error('no checkpoint');
  });

  it('learns more in the same steps with its teacher than without', async () => {
    const common = { batchTokens: 96, length: 12, learningRate: 1e-2 };
    const shared = {
      vocabulary: TOY_VOCABULARY,
      openWindows: () => new CountingWindows(7),
      makeLanes: wasmLanes(1),
      evaluation: { batches: await heldOut() },
    };
    let parameters: Float32Array | undefined;
    const recipe = { ...PRETRAIN_RECIPE, ...common, budget: { steps: 300 } };
    for await (const event of pretrain({ ...shared, config: TOY_CONFIG, recipe })) {
      if (event.type === 'checkpoint') ({ ema: parameters } = await event.state());
    }
    if (!parameters) throw new Error('no teacher');
    const teacher = { config: TOY_CONFIG, parameters: unflatten(parameters, parameterShapes(TOY_CONFIG)) };
    const config = studentConfig(TOY_CONFIG);
    const learned = async (control: boolean) => {
      const own = { ...DISTILL_RECIPE, ...common, budget: { steps: 60 }, control };
      let last: TrainingEvent | undefined;
      for await (last of distill({ ...shared, config, teacher, recipe: own }));
      return last?.type === 'done' ? (last.metrics?.crossEntropy ?? Number.NaN) : Number.NaN;
    };
    const [taught, control] = [await learned(false), await learned(true)];
    expect(taught).toBeLessThan(0.8 * control);
  });
});
