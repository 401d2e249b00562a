import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { adviceFor, isReachable } from './advice.ts';

const origin = 'https://studio.example';
const address = 'https://lacuna.example';

it('tells a service that is not there from one that does not let this page call, and from one that browsers refuse', () => {
  expect(adviceFor({ code: 'network', address, origin, isReachable: false })).toMatch(/Nothing answers/);
  expect(adviceFor({ code: 'network', address, origin, isReachable: true })).toMatch(
    /does not let pages of https:\/\/studio\.example/,
  );
  expect(adviceFor({ code: 'network', address: 'http://lacuna.example', origin })).toMatch(/over https/);
  const here = { address: 'http://localhost:8787', origin: 'http://localhost:8787' };
  expect(adviceFor({ code: 'network', ...here, isReachable: false })).toMatch(/npm start/);
});

it('has a word on every refusal that publishing may meet, and none on what nobody can help', () => {
  for (const code of [
    ...([
      'unauthorized',
      'forbidden',
      'body_too_large',
      'model_too_large',
      'name_taken',
      'precondition_failed',
    ] as const),
    ...(['conflict', 'rate_limited', 'unavailable', 'timeout', 'aborted'] as const),
  ]) {
    expect(adviceFor({ code, address, origin })).toMatch(/\.$/);
  }
  expect(adviceFor({ code: 'artifact_corrupt', address, origin })).toBeUndefined();
});

it('looks whether something answers', async () => {
  const server = createServer((_, response) => response.writeHead(500).end()).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await isReachable(at)).toBe(true);
  await new Promise((closed) => server.close(closed));
  expect(await isReachable(at)).toBe(false);
});
