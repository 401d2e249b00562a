import { beforeAll, describe, expect, it } from 'vitest';
import { readArtifact, writeArtifact } from '../artifact/artifact.ts';
import { referenceBackend } from '../backends/reference/training.ts';
import { createWasmInference } from '../backends/wasm/inference.ts';
import { loadKernels } from '../backends/wasm/load-node.ts';
import type { FillMaskCandidate } from './options.ts';
import { config, critic, filler, load } from './testing.ts';
import { encoderWork, gapWork, servingBytes, WorkBudget } from './work.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const TEXT = 'the cat sat on the mat, very good!';

let wasm: () => ReturnType<typeof createWasmInference>;
beforeAll(async () => {
  const kernels = await loadKernels('inference');
  wasm = () => createWasmInference(kernels);
});

describe('fillOneByOne', () => {
  it('fills the surest gap first and asks anew for the others with it in place', async () => {
    const model = await load(wasm(), filler);
    const text = 'The [MASK] sat on [MASK] very [MASK].';
    const { gaps, filled } = await model.fillOneByOne(text, { topK: 2 });
    expect(gaps.map((gap) => gap.length)).toEqual([2, 2, 2]);
    let left = text;
    for (const open = [0, 1, 2]; open.length > 0; ) {
      const now = await model.fillMask(left, { topK: 2 });
      const sure = (gap: readonly FillMaskCandidate[]) => gap[0]?.score ?? 0;
      const at = now.map(sure).indexOf(Math.max(...now.map(sure)));
      expect(gaps[open.splice(at, 1)[0] as number]).toEqual(now[at]);
      left = now[at]?.[0]?.sequence ?? '';
    }
    expect(filled).toBe(left);
    expect(filled).not.toContain('[MASK]');
  });

  it('is fillMask where there is one gap, targets and all', async () => {
    const model = await load(wasm(), filler);
    for (const options of [{}, { topK: 3 }, { targets: ['cat', 'dog'] }]) {
      const { gaps, filled } = await model.fillOneByOne('a [MASK] film', options);
      expect(gaps).toEqual(await model.fillMask('a [MASK] film', options));
      expect(filled).toBe(gaps[0]?.[0]?.sequence);
    }
    await expect(model.fillOneByOne('no gap')).rejects.toEqual(code('no_mask_token'));
  });
});

describe('classify', () => {
  it('gives labels over a threshold only, and scores as asked', async () => {
    const model = await load(wasm(), critic);
    const all = await model.classify(TEXT);
    const middle = all[1]?.score as number;
    expect(await model.classify(TEXT, { threshold: middle })).toEqual(all.slice(0, 2));
    expect(await model.classify(TEXT, { threshold: 1.1 })).toEqual([]);
    await expect(model.classify(TEXT, { threshold: 'model' })).rejects.toEqual(code('invalid_argument'));
    const decided = await load(wasm(), { ...critic, threshold: Math.min(1, middle) });
    expect(await decided.classify(TEXT, { threshold: 'model' })).toEqual(all.slice(0, 2));
    const logits = await model.classify(TEXT, { apply: 'none' });
    const sigmoids = await model.classify(TEXT, { apply: 'sigmoid' });
    sigmoids.forEach(({ label, score }, i) => {
      const logit = logits[i]?.score as number;
      expect([label, score]).toEqual([logits[i]?.label, expect.closeTo(1 / (1 + Math.exp(-logit)), 6)]);
    });
  });
});

describe('embed', () => {
  it.each([
    ['fill-mask', filler],
    ['classifier', critic],
  ])('gives the encoder’s mean state, of length 1 unless asked not to (%s)', async (_, parts) => {
    const [fast, exact] = [await load(wasm(), parts), await load(referenceBackend(), parts)];
    const got = await fast.embed(TEXT);
    expect(got).toHaveLength(config.hiddenSize);
    expect(Math.hypot(...got)).toBeCloseTo(1, 6);
    const plain = await exact.embed(TEXT, { normalize: false });
    const length = Math.hypot(...plain);
    got.forEach((x, i) => {
      expect(x).toBeCloseTo((plain[i] as number) / length, 4);
    });
    await expect(fast.embed(' ')).rejects.toEqual(code('empty_text'));
    await expect(fast.embed('a '.repeat(19))).rejects.toEqual(code('text_too_long'));
    expect(await fast.embed('a '.repeat(19), { truncate: true })).toEqual(await fast.embed('a '.repeat(18)));
  });
});

describe('score', () => {
  it('gives each token the probability that fill-mask gives it in its gap', async () => {
    const model = await load(wasm(), filler);
    const words = ['the', 'dog', 'ran', 'home'];
    const { tokens, log_likelihood, pseudo_perplexity } = await model.score(words.join(' '));
    expect(tokens.map(({ token_str }) => token_str)).toEqual(words);
    for (const [i, word] of words.entries()) {
      const [gap] = await model.fillMask(words.with(i, '[MASK]').join(' '), { targets: [word] });
      expect(tokens[i]?.log_probability).toBeCloseTo(Math.log(gap?.[0]?.score as number), 4);
    }
    expect(log_likelihood).toBeCloseTo(
      tokens.reduce((sum, { log_probability }) => sum + log_probability, 0),
      6,
    );
    expect(pseudo_perplexity).toBeCloseTo(Math.exp(-log_likelihood / 4), 6);
  });

  it('removes every n-th token together in n passes', async () => {
    const model = await load(wasm(), filler);
    const words = 'the dog ran home , a cat'.split(' ');
    const { tokens } = await model.score(words.join(' '), { passes: 3 });
    for (let pass = 0; pass < 3; pass++) {
      const text = words.map((word, i) => (i % 3 === pass ? '[MASK]' : word)).join(' ');
      const removed = words.flatMap((word, i) => (i % 3 === pass ? [[word, i] as const] : []));
      const gaps = await model.fillMask(text, { targets: [...new Set(removed.map(([word]) => word))] });
      removed.forEach(([word, i], gap) => {
        const found = gaps[gap]?.find(({ token_str }) => token_str === word);
        expect(tokens[i]?.log_probability).toBeCloseTo(Math.log(found?.score as number), 4);
      });
    }
  });

  it('refuses what has no score', async () => {
    const model = await load(wasm(), filler);
    await expect(model.score('')).rejects.toEqual(code('empty_text'));
    await expect(model.score('a [MASK]')).rejects.toEqual(code('invalid_argument'));
    await expect(model.score('a cat', { passes: 0 })).rejects.toEqual(code('invalid_argument'));
    await expect(model.score('a '.repeat(19))).rejects.toEqual(code('text_too_long'));
    await expect((await load(wasm(), critic)).score('a cat')).rejects.toEqual(code('unsupported_task'));
    expect((await model.score('cat', { passes: 9 })).tokens).toHaveLength(1);
  });
});

describe('a budget', () => {
  it('is shared by the texts of a request; what does not fit is refused and costs nothing', async () => {
    const model = await load(wasm(), filler);
    const one = gapWork(config, 4, 1);
    const budget = new WorkBudget(2.5 * one);
    await model.fillMask('a [MASK]', { budget });
    await model.fillMask('a [MASK]', { budget });
    await expect(model.fillMask('a [MASK]', { budget })).rejects.toEqual(code('too_much_work'));
    await model.embed('a', { budget: new WorkBudget(encoderWork(config, 3)) });
    const small = () => ({ budget: new WorkBudget(1.5 * one) });
    await expect(model.score('a cat', small())).rejects.toEqual(code('too_much_work'));
    await expect(model.fillOneByOne('a [MASK] [MASK]', small())).rejects.toEqual(code('too_much_work'));
    await expect((await load(wasm(), critic)).classify('a', { budget: new WorkBudget(1) })).rejects.toEqual(
      code('too_much_work'),
    );
  });
});

describe('servingBytes', () => {
  it.each([
    ['int8', { ...filler, config: { ...config, maxPositionEmbeddings: 700 } }],
    ['float32', { ...filler, config: { ...config, maxPositionEmbeddings: 1500 }, quantization: 'none' } as const],
    ['classifier', { ...critic, config: { ...config, maxPositionEmbeddings: 900 } }],
  ])('is at least what the longest text takes, and hardly more (%s)', async (_, parts) => {
    const ops = wasm();
    const model = await load(ops, parts);
    const bytes = servingBytes(await readArtifact(await writeArtifact(parts)));
    const n = model.maxTokens;
    if (model.task === 'fill-mask') {
      await model.fillMask('[MASK]'.repeat(n));
      await model.fillMask(`${'a '.repeat(n - 1)}[MASK]`);
      await model.score('a '.repeat(n), { passes: 2 });
    } else await model.classify('a '.repeat(n));
    await model.embed('a '.repeat(n));
    const used = ops.memoryBytes();
    // The instance begins with 2 MB and grows by a quarter at a time.
    expect(used).toBeLessThan(Math.max(2 * 2 ** 20, 1.25 * bytes) + 2 ** 20);
    expect(used).toBeGreaterThan(bytes / 2);
  });

  it('is a bound that a backend can be held to', async () => {
    const kernels = await loadKernels('inference');
    const parts = { ...filler, config: { ...config, maxPositionEmbeddings: 5000 } };
    const artifact = await readArtifact(await writeArtifact(parts));
    const model = await load(createWasmInference(kernels, servingBytes(artifact) / 4), parts);
    await expect(model.embed('a '.repeat(4000))).rejects.toEqual(code('out_of_memory'));
    expect(await model.embed('a cat')).toHaveLength(config.hiddenSize);
  });
});
