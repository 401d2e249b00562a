/** Hugging Face's and Workers AI's shapes, inside the runtime; the real client stands in packages/cli. */
import { beforeAll, describe, expect, it } from 'vitest';
import { postTo, type TestApp, testApp, testFiles } from './testing.ts';

let test: TestApp;
beforeAll(async () => {
  test = await testApp(await testFiles());
});

const post = async <T>(path: string, body: unknown) => {
  const answer = await postTo(test.app, path, body);
  return { status: answer.status, body: await answer.json<T>() };
};
const candidate = {
  score: expect.any(Number),
  token: expect.any(Number),
  token_str: expect.any(String),
  sequence: expect.any(String),
};

describe("Hugging Face's", () => {
  it('fill-mask gives a list for one gap, a list of lists for several, and a list a text', async () => {
    const parameters = { top_k: 2 };
    const one = await post('/models/filler', { inputs: 'a [MASK]', parameters });
    expect(one).toEqual({ status: 200, body: [candidate, candidate] });
    const two = await post('/models/filler', { inputs: 'a [MASK] [MASK]', parameters });
    expect(two.body).toEqual([
      [candidate, candidate],
      [candidate, candidate],
    ]);
    const texts = await post('/models/filler', { inputs: ['a [MASK]', 'a [MASK] [MASK]'], parameters });
    expect(texts.body).toEqual([one.body, two.body]);
  });

  it('fill-mask takes one target or several', async () => {
    const targets = async (of: unknown) => {
      const { body } = await post<{ token_str: string }[]>('/models/filler', {
        inputs: 'a [MASK]',
        parameters: { targets: of },
      });
      return body.map(({ token_str }) => token_str).sort();
    };
    expect(await targets('cat')).toEqual(['cat']);
    expect(await targets(['cat', 'dog'])).toEqual(['cat', 'dog']);
  });

  it('text classification is nested, and gives what function_to_apply says', async () => {
    type Labels = { label: string; score: number }[][];
    const of = async (apply?: string) => {
      const parameters = { function_to_apply: apply };
      const { body } = await post<Labels>('/models/topics', { inputs: 'a film', parameters });
      return Object.fromEntries(body[0]?.map(({ label, score }) => [label, score]) ?? []);
    };
    const [plain, logits, softmax, sigmoid] = [await of(), await of('none'), await of('softmax'), await of('sigmoid')];
    expect(plain).toEqual(sigmoid);
    expect(Object.values(softmax).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    for (const [label, logit] of Object.entries(logits))
      expect(sigmoid[label]).toBeCloseTo(1 / (1 + Math.exp(-logit)), 5);
    const { body } = await post<Labels>('/models/critic', { inputs: ['good', 'bad'], parameters: { top_k: 1 } });
    expect(body.map(({ length }) => length)).toEqual([1, 1]);
  });

  it('feature extraction gives a vector a text', async () => {
    const path = '/models/critic/pipeline/feature-extraction';
    const { body: one } = await post<number[]>(path, { inputs: 'a good film' });
    expect([one.length, Math.hypot(...one)]).toEqual([32, expect.closeTo(1, 5)]);
    const { body: two } = await post<number[][]>(path, { inputs: ['a good film', 'bad'] });
    expect([two.length, two[0]]).toEqual([2, one]);
  });

  it('errors are a text with a code beside it, and other tasks’ fields are let pass', async () => {
    expect(await post('/models/filler', { inputs: 'no gap' })).toEqual({
      status: 422,
      body: { error: expect.stringContaining('[MASK]'), error_code: 'no_mask_token' },
    });
    expect(await post('/models/nobody', { inputs: '[MASK]' })).toMatchObject({
      status: 404,
      body: { error_code: 'unknown_model' },
    });
    expect(await post('/models/filler', { inputs: ['[MASK]', 'none'] })).toMatchObject({
      body: { error: expect.stringMatching(/^inputs\[1\]/) },
    });
    const extra = { inputs: '[MASK]', options: { wait_for_model: true }, parameters: { truncation: 'only_first' } };
    expect((await post('/models/filler', extra)).status).toBe(200);
  });
});

describe("Workers AI's", () => {
  const envelope = (result: unknown) => ({ status: 200, body: { result, success: true, errors: [], messages: [] } });

  it('text classification and fill-mask stand in an envelope', async () => {
    const label = { label: expect.any(String), score: expect.any(Number) };
    expect(await post('/ai/run/critic', { text: 'a good film' })).toEqual(envelope([label, label]));
    expect(await post('/ai/run/critic', { text: ['good'] })).toEqual(envelope([[label, label]]));
    expect(await post('/ai/run/filler', { text: 'a [MASK]', top_k: 1 })).toEqual(envelope([[candidate]]));
  });

  it('embeddings come with their shape', async () => {
    const { body } = await post<{ result: { shape: number[]; data: number[][]; pooling: string } }>('/ai/run/critic', {
      text: ['good', 'bad'],
      task: 'embeddings',
    });
    expect(body.result).toMatchObject({ shape: [2, 32], pooling: 'mean' });
    expect(body.result.data.map((row) => Math.hypot(...row))).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5)]);
  });

  it('errors stand in the envelope', async () => {
    expect(await post('/ai/run/filler', { text: 'no gap' })).toEqual({
      status: 422,
      body: {
        result: null,
        success: false,
        errors: [{ code: 422, message: expect.stringContaining('[MASK]'), error_code: 'no_mask_token' }],
        messages: [],
      },
    });
  });
});
