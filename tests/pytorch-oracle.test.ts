/** The PyTorch twin and the core give the same loss and gradients for the same weights, where PyTorch is installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CONFIGS,
  DISTILL_RECIPE,
  initialParameters,
  type MaskedBatch,
  type ModelConfig,
  maskWindows,
  type Ops,
  type Params,
  parameterShapes,
  Random,
  readSafetensors,
  type Tensor,
  writeSafetensors,
} from '@lacuna/core';
import { referenceBackend } from '@lacuna/core/node';
import { afterAll, describe, expect, it } from 'vitest';
import { findPytorch } from '../packages/cli/src/python.ts';
import { distance, tapeGradient } from '../packages/core/src/autograd/gradient-check.ts';
import { distillationLoss } from '../packages/core/src/losses/distillation.ts';
import { maskedLoss } from '../packages/core/src/losses/masked.ts';

const SCRIPT = fileURLToPath(new URL('./pytorch_gradients.py', import.meta.url));
/** The teacher's 64 likeliest pieces and the rest as one are the whole vocabulary here, over which PyTorch sums. */
const CONFIG: ModelConfig = {
  ...CONFIGS.tiny,
  vocabSize: 65,
  hiddenSize: 24,
  numAttentionHeads: 3,
  intermediateSize: 20,
  maxPositionEmbeddings: 32,
};
const [B, T] = [3, 17];
const Z_LOSS = 1e-4;
const folder = mkdtempSync(join(tmpdir(), 'lacuna-pytorch-'));
const found = findPytorch();

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shapes = parameterShapes(CONFIG);

/** Weights larger than a fresh model's, so that nothing is nearly linear. */
function drawn(seed: number): Record<string, Float32Array> {
  const random = new Random(seed);
  const values = Object.entries(initialParameters(CONFIG, random));
  return Object.fromEntries(values.map(([name, array]) => [name, array.map((x) => 2 * x + 0.1 * random.normal())]));
}

function write(name: string, values: Readonly<Record<string, Float32Array>>): void {
  const tensors = Object.entries(values).map(([of, data]) => {
    return [of, { dtype: 'F32', shape: shapes[of] ?? [], data }] as const;
  });
  writeFileSync(join(folder, name), writeSafetensors(Object.fromEntries(tensors), { config: JSON.stringify(CONFIG) }));
}

/** Some rows begin or end with a gap, so that a query has no neighbour on that side. */
function gaps(): { readonly batch: MaskedBatch; readonly ids: number[][]; readonly removed: number[][] } {
  const random = new Random(3);
  const flat = Int32Array.from({ length: B * T }, () => 5 + random.integer(CONFIG.vocabSize - 5));
  const never = () => false;
  const batch = maskWindows(
    flat,
    B,
    T,
    { ratio: 0.35, spans: [1, 3], isSpecial: never, isContinuation: never },
    random,
  );
  const rows = Array.from({ length: B }, (_, b) => b);
  const removed = rows.map((b) => {
    const positions = new Set(batch.gapPositions.subarray(b * batch.gapLength, (b + 1) * batch.gapLength));
    return Array.from({ length: T }, (_, t) => (positions.has(t) ? 1 : 0));
  });
  return { batch, ids: rows.map((b) => [...flat.subarray(b * T, (b + 1) * T)]), removed };
}

async function compare(weights: Record<string, Float32Array>, ours: (ops: Ops, params: Params) => Tensor) {
  write('weights.safetensors', weights);
  const python = 'python' in found ? found.python : '';
  const { stdout, stderr, status } = spawnSync(python, [SCRIPT, folder], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  const { tensors } = readSafetensors(readFileSync(join(folder, 'gradients.safetensors')));
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, values: weights[name] as Float32Array }]),
  );
  const { value, gradients } = await tapeGradient(referenceBackend(), ours, inputs);
  expect(value).toBeCloseTo(Number(stdout), 4);
  for (const name of Object.keys(shapes)) {
    const theirs = tensors[name]?.data ?? [];
    expect([name, distance(gradients[name] ?? [], theirs as Float32Array)]).toEqual([name, expect.closeTo(0, 3)]);
    expect([name, [...theirs].some((g) => Math.abs(g) > 1e-6)]).toEqual([name, true]);
  }
}

describe.skipIf('reason' in found)('the PyTorch twin', () => {
  const { batch, ids, removed } = gaps();

  it('has gaps at both ends', () => {
    expect(removed.some((row) => row[0] === 1) && removed.some((row) => row[T - 1] === 1)).toBe(true);
  });

  it('pre-trains as the core does', async () => {
    writeFileSync(join(folder, 'batch.json'), JSON.stringify({ ids, removed }));
    await compare(drawn(1), (ops, params) => maskedLoss(ops, params, CONFIG, batch, Z_LOSS));
  });

  it('distils as the core does', async () => {
    writeFileSync(join(folder, 'batch.json'), JSON.stringify({ ids, removed }));
    const taught = drawn(2);
    write('teacher.safetensors', taught);
    const { weights, topK, temperature } = DISTILL_RECIPE;
    await compare(drawn(1), (ops, params) => {
      const bare = referenceBackend();
      const theirs = Object.entries(shapes).map(([name, shape]) => {
        return [name, bare.tensor(taught[name] as Float32Array, shape)] as const;
      });
      const teacher = { config: CONFIG, params: Object.fromEntries(theirs) };
      return distillationLoss(ops, bare, params, CONFIG, teacher, batch, { weights, topK, temperature, zLoss: Z_LOSS });
    });
  });
});
