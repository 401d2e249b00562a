import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { snippet } from './snippets.ts';

const request = {
  address: 'http://localhost:8787',
  model: 'stories',
  task: 'fill-mask',
  text: 'It\'s "[MASK]" for $HOME \\ `x`',
} as const;

it('a shell hands curl the very text, whatever stands in it', () => {
  const line = snippet('curl', request).replace(/^curl /, "printf '%s\\n' ");
  const { stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
  const [, address, , , , body = ''] = stdout.split('\n');
  expect(address).toBe('http://localhost:8787/v1/fill-mask');
  expect(JSON.parse(body)).toEqual({ model: 'stories', text: request.text });
});

it('a key is named where reading takes one, and never written out', () => {
  for (const kind of ['curl', 'fetch', 'sdk'] as const) {
    expect(snippet(kind, request)).not.toContain('LACUNA_KEY');
    expect(snippet(kind, { ...request, needsKey: true })).toContain('LACUNA_KEY');
  }
  expect(snippet('sdk', { ...request, task: 'classification' })).toContain('lacuna.classify(');
});
