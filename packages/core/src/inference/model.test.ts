import { beforeAll, describe, expect, it } from 'vitest';
import { referenceBackend } from '../backends/reference/training.ts';
import { createWasmInference } from '../backends/wasm/inference.ts';
import { loadKernels } from '../backends/wasm/load-node.ts';
import { vocabularyHead } from '../losses/masked.ts';
import { type ModelConfig, mlmControl } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import { parameterShapes } from '../model/parameters.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { gapBatch, gapTokens } from './gaps.ts';
import { config, critic, filler, labels, load, loud, TEXTS } from './testing.ts';

let wasm: () => ReturnType<typeof createWasmInference>;
beforeAll(async () => {
  const kernels = await loadKernels('inference');
  wasm = () => createWasmInference(kernels);
});

describe('fillMask', () => {
  it.each([
    ['mae, int8', filler],
    ['mae, float32', { ...filler, quantization: 'none' } as const],
    ['mlm, int8', { ...filler, config: mlmControl(config), params: loud(3, mlmControl(config)) }],
  ])('scores on the WASM kernels as on the reference (%s)', async (_, parts) => {
    const [fast, exact] = [await load(wasm(), parts), await load(referenceBackend(), parts)];
    for (const text of TEXTS) {
      const [got, expected] = [await fast.fillMask(text, { topK: 3 }), await exact.fillMask(text, { topK: 3 })];
      expect(got.map((gap) => gap.map(({ token }) => token))).toEqual(
        expected.map((gap) => gap.map(({ token }) => token)),
      );
      got.flat().forEach(({ score }, i) => {
        expect(score).toBeCloseTo(expected.flat()[i]?.score as number, 3);
      });
    }
  });

  it("gives exp(−cross-entropy) as each target's score", async () => {
    const ops = referenceBackend();
    const model = await load(ops, { ...filler, quantization: 'none' });
    const params: Record<string, Tensor> = {};
    for (const [name, shape] of Object.entries(parameterShapes(config))) {
      params[name] = ops.persistent(shape, filler.params[name]);
    }
    const text = TEXTS[0] as string;
    const batch = gapBatch(model.tokenizer, gapTokens(model.tokenizer, text, 20, false));
    for (const word of ['cat', 'mat', '.']) {
      const label = model.tokenizer.idOf(word) as number;
      const ranked = await ops.scope(() => {
        const { gaps } = gapStates(ops, params, config, batch);
        const { table, bias } = vocabularyHead(params);
        return ops.read(ops.vocabularyRank(gaps, table, bias, Int32Array.of(label, label)));
      });
      const found = await model.fillMask(text, { targets: [word] });
      found.forEach(([candidate], gap) => {
        expect(candidate?.score).toBeCloseTo(Math.exp(-(ranked[2 * gap + 1] as number)), 5);
      });
    }
  });

  it('gives every target, or as many of them as asked for', async () => {
    const model = await load(wasm(), filler);
    const targets = ['cat', 'dog', 'mat', 'home', 'film', 'Good', 'good', 'bad'];
    const [[all = []], [best = []]] = [
      await model.fillMask('a [MASK]', { targets }),
      await model.fillMask('a [MASK]', { targets, topK: 2 }),
    ];
    expect(all.map(({ token_str }) => token_str).sort()).toEqual(
      [...new Set(targets.map((t) => t.toLowerCase()))].sort(),
    );
    expect(best).toEqual(all.slice(0, 2));
  });

  it('never shows [MASK] to the masked autoencoder, but shows it to the masked-LM control', async () => {
    const odds = async (of: ModelConfig, maskValue: number) => {
      const params = loud(5, of);
      const at = of.maskTokenId * of.hiddenSize;
      params['embeddings.word_embeddings.weight']?.fill(maskValue, at, at + of.hiddenSize);
      const model = await load(wasm(), { ...filler, config: of, params, quantization: 'none' });
      const [gap] = await model.fillMask('the [MASK] ran', { targets: ['cat', 'dog'] });
      return Math.log((gap?.[0]?.score as number) / (gap?.[1]?.score as number));
    };
    expect(await odds(config, 0)).toBeCloseTo(await odds(config, 0.3), 4);
    const control = mlmControl(config);
    expect(Math.abs((await odds(control, 0)) - (await odds(control, 0.3)))).toBeGreaterThan(0.01);
  });

  it('answers requests that come together as it answers each alone, in memory that does not grow', async () => {
    const ops = wasm();
    const model = await load(ops, filler);
    const alone = [];
    for (const text of TEXTS) alone.push(await model.fillMask(text));
    expect(await Promise.all(TEXTS.map((text) => model.fillMask(text)))).toEqual(alone);
    const before = ops.memoryBytes();
    for (let i = 0; i < 200; i++) await model.fillMask(TEXTS[i % 3] as string);
    expect(ops.memoryBytes()).toBe(before);
  });

  it('lives beside other models on one backend', async () => {
    const ops = wasm();
    const first = await load(ops, filler);
    const before = await first.fillMask('a [MASK]');
    const second = await load(ops, critic);
    await second.classify('good');
    expect(await first.fillMask('a [MASK]')).toEqual(before);
  });

  it('refuses what cannot be answered', async () => {
    const model = await load(wasm(), filler);
    const code = (expected: string) => expect.objectContaining({ code: expected });
    await expect(model.fillMask('no gap')).rejects.toEqual(code('no_mask_token'));
    await expect(model.fillMask(`${'a '.repeat(18)}[MASK]`)).rejects.toEqual(code('text_too_long'));
    await expect(model.fillMask('[MASK]', { targets: ['zebra'] })).rejects.toEqual(code('unknown_target'));
    for (const topK of [0, -1, 1.5, Number.NaN]) {
      await expect(model.fillMask('[MASK]', { topK })).rejects.toEqual(code('invalid_argument'));
    }
    await expect(model.classify('a film')).rejects.toEqual(code('unsupported_task'));
    // A refused request leaves the model as it was.
    expect(await model.fillMask(`${'a '.repeat(18)}[MASK]`, { truncate: true })).toHaveLength(1);
  });
});

describe('classify', () => {
  it('gives every label, best first, with probabilities that sum to 1', async () => {
    const [fast, exact] = [await load(wasm(), critic), await load(referenceBackend(), critic)];
    for (const text of ['a very good film.', 'bad', 'The cat sat on the mat, the dog ran home!']) {
      const scores = await fast.classify(text);
      expect(scores.map(({ label }) => label).sort()).toEqual(labels);
      expect(scores.map(({ score }) => score)).toEqual(scores.map(({ score }) => score).sort((a, b) => b - a));
      expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
      const expected = new Map((await exact.classify(text)).map(({ label, score }) => [label, score]));
      for (const { label, score } of scores) expect(score).toBeCloseTo(expected.get(label) as number, 3);
      expect(await fast.classify(text, { topK: 1 })).toEqual(scores.slice(0, 1));
    }
  });

  it('scores independent labels by themselves: the odds of any two are those of one label among several', async () => {
    const single = await load(wasm(), critic);
    const multi = await load(wasm(), { ...critic, multiLabel: true });
    const text = 'a good film';
    const softmax = new Map((await single.classify(text)).map(({ label, score }) => [label, Math.log(score)]));
    const logit = new Map(
      (await multi.classify(text)).map(({ label, score }) => [label, Math.log(score / (1 - score))]),
    );
    for (const label of ['fair', 'good']) {
      const difference = (of: Map<string, number>) => (of.get(label) as number) - (of.get('bad') as number);
      expect(difference(logit)).toBeCloseTo(difference(softmax), 4);
    }
  });

  it('refuses what cannot be answered, and cuts the end of a long text only when asked', async () => {
    const model = await load(wasm(), critic);
    const code = (expected: string) => expect.objectContaining({ code: expected });
    await expect(model.classify(' \n')).rejects.toEqual(code('empty_text'));
    await expect(model.classify('a', { topK: 0 })).rejects.toEqual(code('invalid_argument'));
    await expect(model.fillMask('[MASK]')).rejects.toEqual(code('unsupported_task'));
    const long = `${'good '.repeat(model.maxTokens)}bad bad`;
    await expect(model.classify(long)).rejects.toEqual(code('text_too_long'));
    const cut = await model.classify(long, { truncate: true });
    expect(cut).toEqual(await model.classify('good '.repeat(model.maxTokens)));
  });
});
