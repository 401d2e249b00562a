/** New options of the native tasks, several texts at once, and what a request may cost. */
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Env } from './bindings.ts';
import { MAX_REQUEST_MS } from './limits.ts';
import { expectError, postTo, type TestApp, testApp, testFiles } from './testing.ts';

let test: TestApp;
beforeAll(async () => {
  test = await testApp(await testFiles());
});
afterEach(() => {
  vi.restoreAllMocks();
});

const post = (path: string, body: unknown) => postTo(test.app, path, body);
const read = async <T>(path: string, body: unknown) => (await post(path, body)).json<T>();

describe('of several texts', () => {
  it('each has its own result or error when asked for', async () => {
    const texts = ['a [MASK]', 'no gap', `${'cat '.repeat(40)}[MASK]`];
    const { results } = await read<{ results: object[] }>('/v1/fill-mask', { texts, partial: true });
    expect(results).toEqual([
      { gaps: [expect.any(Array)] },
      { error: { code: 'no_mask_token', message: expect.stringMatching(/^texts\[1\]/) } },
      { error: { code: 'text_too_long', message: expect.stringMatching(/^texts\[2\]/) } },
    ]);
    await expectError(post('/v1/fill-mask', { texts }), 422, 'no_mask_token', /^texts\[1\]/);
    for (const [path, text] of [
      ['/v1/classify', 'good'],
      ['/v1/embed', 'good'],
      ['/v1/score', 'a cat'],
    ] as const) {
      const answer = await read<{ results: object[] }>(path, { texts: [text, ' '], partial: true });
      expect([path, answer.results.map((item) => 'error' in item)]).toEqual([path, [false, true]]);
    }
  });

  it('a request that costs too much is refused before it is begun, or the texts that are too many', async () => {
    const { app } = await testApp((env as Env).ASSETS);
    const text = 'river '.repeat(120);
    await expectError(postTo(app, '/v1/score', { text }), 422, 'too_much_work', /8000 million.*fewer passes/);
    // Whatever the machine, no time passes.
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const answer = await postTo(app, '/v1/score', { texts: Array(12).fill(text), passes: 8, partial: true });
    const { results } = await answer.json<{ results: { error?: { code: string } }[] }>();
    const codes = results.map(({ error }) => error?.code);
    const answered = codes.indexOf('too_much_work');
    expect(answered).toBeGreaterThan(0);
    expect(codes).toEqual(codes.map((_, i) => (i < answered ? undefined : 'too_much_work')));
  });

  it('those that are left when the request has taken its time get timeout, and such an answer is not kept', async () => {
    const body = { texts: ['a cat', 'a dog', 'the mat'], partial: true };
    let now = 0;
    const slow = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += MAX_REQUEST_MS / 2.5;
      return now;
    });
    const { results } = await read<{ results: { error?: { code: string } }[] }>('/v1/score', body);
    expect(results.map(({ error }) => error?.code)).toEqual([undefined, undefined, 'timeout']);
    slow.mockRestore();
    const again = await read<{ results: object[] }>('/v1/score', body);
    expect(again.results.map((item) => 'error' in item)).toEqual([false, false, false]);
    await expectError(postSlowly({ ...body, partial: false }), 408, 'timeout', /^texts\[\d\]/);
  });
});

/** Each look at the clock finds the time over. */
function postSlowly(body: object) {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 2 * MAX_REQUEST_MS;
    return now;
  });
  return post('/v1/score', body);
}

it('fill-mask fills gaps one by one when asked, and gives the whole text', async () => {
  const { gaps, filled } = await read<{ gaps: { sequence: string }[][]; filled: string }>('/v1/fill-mask', {
    text: 'The [MASK] sat on the [MASK].',
    strategy: 'one_by_one',
    top_k: 1,
  });
  expect(gaps.map(({ length }) => length)).toEqual([1, 1]);
  expect(filled).toMatch(/^The ?\S+ sat on the ?\S+\.$/);
  expect(gaps.flat().map(({ sequence }) => sequence)).toContain(filled);
});

it('classify gives labels over a threshold only', async () => {
  const { labels } = await read<{ labels: { score: number }[] }>('/v1/classify', { text: 'good' });
  const threshold = labels[0]?.score;
  expect(await read('/v1/classify', { text: 'good', threshold })).toMatchObject({ labels: labels.slice(0, 1) });
  await expectError(post('/v1/classify', { text: 'good', threshold: 2 }), 400, 'invalid_request');
  await expectError(post('/v1/classify', { text: 'good', threshold: 'model' }), 400, 'invalid_argument');
});

it('embed takes any model and gives vectors of length 1', async () => {
  for (const model of [undefined, 'filler', 'critic']) {
    const { embedding } = await read<{ embedding: number[] }>('/v1/embed', { text: 'a cat', model });
    expect([embedding.length, Math.hypot(...embedding)]).toEqual([32, expect.closeTo(1, 5)]);
  }
  const { embedding } = await read<{ embedding: number[] }>('/v1/embed', { text: 'a cat', normalize: false });
  expect(Math.hypot(...embedding)).not.toBeCloseTo(1, 2);
});

it('score gives every token its probability', async () => {
  const { tokens, ...sums } = await read<{ tokens: { log_probability: number }[] }>('/v1/score', {
    text: 'the cat ran',
  });
  expect(tokens).toHaveLength(3);
  const sum = tokens.reduce((total, { log_probability }) => total + log_probability, 0);
  expect(sums).toEqual({
    model: 'filler',
    log_likelihood: expect.closeTo(sum, 5),
    pseudo_perplexity: expect.closeTo(Math.exp(-sum / 3), 5),
  });
  await expectError(post('/v1/score', { text: 'a [MASK]' }), 400, 'invalid_argument');
  await expectError(post('/v1/score', { text: 'a', model: 'critic' }), 400, 'unsupported_task');
});
