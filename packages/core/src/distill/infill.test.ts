import { expect, it } from 'vitest';
import { referenceBackend } from '../backends/reference/training.ts';
import { initialParameters } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { frozen } from '../training/task.ts';
import { TOY_CONFIG, TOY_VOCABULARY } from '../training/toy-data.ts';
import { infill } from './infill.ts';

const ops = referenceBackend();
const params = frozen(ops, TOY_CONFIG, initialParameters(TOY_CONFIG, new Random(2)));
const infiller = { config: TOY_CONFIG, params, vocabulary: TOY_VOCABULARY };
const examples = [
  { ids: Int32Array.of(3, 7, 8, 9, 10, 11, 12, 13, 14, 3), targets: Float32Array.of(1, 0) },
  { ids: Int32Array.of(3, 9, 3), targets: Float32Array.of(0, 1) },
  { ids: Int32Array.of(3, 20, 19, 18, 3), targets: Float32Array.of(0, 1) },
];
const variants = (seed: number) => infill(ops, infiller, examples, { variants: 4, ratio: 0.3 }, new Random(seed));

it('a variant has its text’s length, special tokens and targets, and other pieces in some places only', async () => {
  const made = await variants(1);
  expect(made).toHaveLength(12);
  let changed = 0;
  for (const [i, variant] of made.entries()) {
    const original = examples[Math.floor(i / 4)] as (typeof examples)[number];
    expect(variant.targets).toEqual(original.targets);
    expect(variant.ids).toHaveLength(original.ids.length);
    const differing = [...variant.ids].filter((id, at) => id !== original.ids[at]);
    expect(differing.length).toBeLessThanOrEqual(Math.ceil(0.3 * original.ids.length));
    expect([variant.ids[0], variant.ids.at(-1)]).toEqual([3, 3]);
    changed += differing.length;
  }
  expect(changed).toBeGreaterThan(4);
});

it('a text of fewer than four tokens stays as it is', async () => {
  for (const variant of (await variants(1)).slice(4, 8)) expect(variant).toEqual(examples[1]);
});

it('the same seed makes the same variants, another seed others', async () => {
  expect(await variants(1)).toEqual(await variants(1));
  expect(await variants(1)).not.toEqual(await variants(2));
});
