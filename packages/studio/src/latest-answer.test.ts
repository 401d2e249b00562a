import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LatestAnswer } from './latest-answer.ts';

/** Questions that were asked, each answered when the test says so. */
function slowModel() {
  const asked: { question: string; answer(of: string): void; fail(error: Error): void }[] = [];
  const ask = (question: string) =>
    new Promise<string>((answer, fail) => {
      asked.push({ question, answer, fail });
    });
  return { asked, ask };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('asks once after a pause, for the last of what was typed', async () => {
  const { asked, ask } = slowModel();
  const latest = new LatestAnswer(ask, 100);
  for (const text of ['a', 'ab', 'abc']) latest.ask(text);
  expect(asked).toEqual([]);
  expect(latest.isBusy.value).toBe(true);
  await vi.advanceTimersByTimeAsync(100);
  expect(asked.map(({ question }) => question)).toEqual(['abc']);
  asked[0]?.answer('done');
  await vi.advanceTimersByTimeAsync(0);
  expect(latest.answered.value).toMatchObject({ question: 'abc', answer: 'done' });
  expect(latest.isBusy.value).toBe(false);
});

it('asks one at a time, drops the answer to what is no longer asked, and keeps the last one meanwhile', async () => {
  const { asked, ask } = slowModel();
  const latest = new LatestAnswer(ask, 100);
  latest.ask('first');
  await vi.advanceTimersByTimeAsync(100);
  asked[0]?.answer('1');
  await vi.advanceTimersByTimeAsync(0);
  latest.ask('second');
  await vi.advanceTimersByTimeAsync(100);
  latest.ask('third');
  latest.ask('fourth');
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveLength(2);
  asked[1]?.answer('2');
  await vi.advanceTimersByTimeAsync(0);
  expect(latest.answered.value?.answer).toBe('1');
  expect(asked.map(({ question }) => question)).toEqual(['first', 'second', 'fourth']);
  asked[2]?.answer('4');
  await vi.advanceTimersByTimeAsync(0);
  expect(latest.answered.value).toMatchObject({ question: 'fourth', answer: '4' });
});

it('tells a failure until the next answer, and shows nothing once it was told to forget', async () => {
  const { asked, ask } = slowModel();
  const latest = new LatestAnswer(ask, 0);
  latest.ask('bad');
  await vi.advanceTimersByTimeAsync(0);
  asked[0]?.fail(new Error('no'));
  await vi.advanceTimersByTimeAsync(0);
  expect(latest.failure.value).toEqual(new Error('no'));
  expect(latest.isBusy.value).toBe(false);
  latest.ask('good');
  await vi.advanceTimersByTimeAsync(0);
  asked[1]?.answer('yes');
  await vi.advanceTimersByTimeAsync(0);
  expect([latest.failure.value, latest.answered.value?.answer]).toEqual([undefined, 'yes']);
  latest.ask('late');
  await vi.advanceTimersByTimeAsync(0);
  latest.forget();
  asked[2]?.answer('too late');
  await vi.advanceTimersByTimeAsync(0);
  expect(latest.answered.value).toBeUndefined();
});
