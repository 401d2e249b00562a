/** The client and the Worker together, over HTTP, on the runtime that deployments run on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type LacunaClient } from '@lacuna/client';
import { CONFIGS, initialParameters, Random, SPECIAL_TOKENS, Tokenizer, writeArtifact } from '@lacuna/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBareWorkerd } from './bare-workerd.ts';
import { benchEdge } from './bench/edge.ts';
import { type EdgeServer, freePort, startEdgeServer } from './edge-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-edge-'));
const pieces = [...SPECIAL_TOKENS, ...'the a cat dog sat on mat good bad film . ##s'.split(' ')];
const config = { ...CONFIGS.tiny, vocabSize: pieces.length, maxPositionEmbeddings: 40 };
let server: EdgeServer;
let client: LacunaClient;

beforeAll(async () => {
  const common = { config, tokenizer: new Tokenizer(pieces).toJSON(), quantization: 'int8' } as const;
  const head = { numLabels: 2 };
  const filler = { ...common, name: 'filler', params: initialParameters(config, new Random(1)) };
  const params = initialParameters(config, new Random(2), head);
  const critic = { ...common, name: 'critic', head, labels: ['bad', 'good'], params };
  for (const parts of [filler, critic]) writeFileSync(join(folder, `${parts.name}.st`), await writeArtifact(parts));
  const models = [
    { name: 'filler', task: 'fill-mask', file: 'filler.st' },
    { name: 'critic', task: 'text-classification', file: 'critic.st' },
  ];
  writeFileSync(join(folder, 'models.json'), JSON.stringify({ models }));
  const state = join(folder, 'state');
  server = await startEdgeServer({ port: await freePort(), models: folder, state, output: 'ignore' });
  client = createClient({ baseUrl: server.address });
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('over HTTP', () => {
  it('fills every gap, of one text and of several', async () => {
    const gaps = await client.fillMask('The [MASK] sat on the [MASK].', { topK: 2 });
    expect(gaps.map((gap) => gap.length)).toEqual([2, 2]);
    expect(await client.fillMask(['The [MASK] sat on the [MASK].'], { topK: 2 })).toEqual([gaps]);
    const [targets] = await client.fillMask('a [MASK]', { targets: ['cat', 'dog'] });
    expect(targets?.map(({ token_str }) => token_str).sort()).toEqual(['cat', 'dog']);
  });

  it('labels a text', async () => {
    const labels = await client.classify('a good film');
    expect(labels.map(({ label }) => label).sort()).toEqual(['bad', 'good']);
    expect(await client.classify(['a good film'], { topK: 1 })).toEqual([labels.slice(0, 1)]);
  });

  it('lists what it serves', async () => {
    expect((await client.models()).map(({ name, default: isDefault }) => [name, isDefault])).toEqual([
      ['filler', true],
      ['critic', true],
    ]);
  });

  it("gives errors their codes on the client's side", async () => {
    const failing = (code: string, status: number) => ({ name: 'LacunaError', code, facts: { status } });
    await expect(client.fillMask('no gap')).rejects.toMatchObject(failing('no_mask_token', 422));
    await expect(client.fillMask(`${'a '.repeat(60)}[MASK]`)).rejects.toMatchObject(failing('text_too_long', 422));
    await expect(client.fillMask('[MASK]', { model: 'x' })).rejects.toMatchObject(failing('unknown_model', 404));
    await expect(client.classify('a', { topK: 0 })).rejects.toMatchObject(failing('invalid_request', 400));
    await expect(client.classify('a'.repeat(1_000_001))).rejects.toMatchObject(failing('body_too_large', 413));
  });

  it('answers many clients at once as it answers one', async () => {
    const alone = await client.fillMask('a [MASK] .');
    const together = await Promise.all(Array.from({ length: 24 }, () => client.fillMask('a [MASK] .')));
    for (const answer of together) expect(answer).toEqual(alone);
  });

  it('serves the artifacts themselves by name', async () => {
    const response = await fetch(`${server.address}/filler.st`);
    expect([response.status, (await response.arrayBuffer()).byteLength > 10_000]).toEqual([200, true]);
  });
});

it('is timed on workerd by itself and through the development server', async () => {
  const progress: number[] = [];
  const report = await benchEdge({
    models: folder,
    requests: 50,
    onProgress: (done, all) => progress.push(done / all),
  });
  for (const { p50Ms, p99Ms, firstRequestMs } of [report, report.wranglerDev]) {
    expect([p50Ms > 0, p99Ms >= p50Ms, firstRequestMs > p50Ms]).toEqual([true, true, true]);
  }
  expect(report).toMatchObject({ requests: 50, tokens: 32, bundleGzipBytes: expect.any(Number) });
  expect(progress).toEqual([0.5, 1]);
});

it('is not timed without a model', async () => {
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  await expect(benchEdge({ models: bare })).rejects.toMatchObject({ code: 'file_not_found' });
  writeFileSync(join(bare, 'models.json'), '{"models": 5}');
  await expect(benchEdge({ models: bare })).rejects.toMatchObject({ code: 'malformed_data' });
});

describe('startEdgeServer refuses', () => {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
  it.each(['127.0.0.1', '::1'].filter((host) => addresses.includes(host)))(
    'a port that is taken on %s',
    async (host) => {
      const other = createServer().listen(0, host);
      await once(other, 'listening');
      const { port } = other.address() as { port: number };
      await expect(startEdgeServer({ port, output: 'ignore' })).rejects.toMatchObject({
        code: 'unavailable',
        facts: { port, host },
      });
      other.close();
    },
  );

  it('a folder that is not there', async () => {
    const missing = { port: await freePort(), models: join(folder, 'missing'), output: 'ignore' } as const;
    await expect(startEdgeServer(missing)).rejects.toMatchObject({ code: 'file_not_found' });
  });
});

describe('a signal ends', () => {
  it('the start of the server, before it is ready', async () => {
    const port = await freePort();
    const begun = performance.now();
    const starting = startEdgeServer({ port, models: folder, output: 'ignore', signal: AbortSignal.timeout(150) });
    await expect(starting).rejects.toMatchObject({ name: 'LacunaError', code: 'aborted' });
    expect(performance.now() - begun).toBeLessThan(10_000);
    await once(createServer().listen(port, '127.0.0.1').unref(), 'listening');
  });

  it('the start of workerd by itself', async () => {
    const bundle = [{ name: 'index.js', bytes: Buffer.from('export default {}') }];
    const options = { bundle, models: folder, compatibilityDate: '2026-01-01', signal: AbortSignal.abort() };
    await expect(startBareWorkerd(options)).rejects.toMatchObject({ name: 'LacunaError', code: 'aborted' });
  });

  it('the benchmark of requests', async () => {
    const controller = new AbortController();
    const timed = benchEdge({
      models: folder,
      requests: 50,
      onProgress: () => controller.abort(),
      signal: controller.signal,
    });
    await expect(timed).rejects.toMatchObject({ name: 'LacunaError', code: 'aborted' });
  });
});

describe('lacuna serve', () => {
  const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

  it.each([
    ['a line that says where', [], (line: string) => line.match(/Lacuna is ready at (http:\S+)/)?.[1]],
    ['an object with the address', ['--json'], (line: string) => (JSON.parse(line) as { address: string }).address],
  ])('prints %s when it is ready, and ends with 0 on Ctrl-C', async (_what, options, addressIn) => {
    const port = await freePort();
    const args = [MAIN, 'serve', '--port', String(port), '--models', folder, ...options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const closed = once(child, 'close');
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    const address = addressIn(String(chunk).trim()) ?? '';
    expect(address).toBe(`http://localhost:${port}`);
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(0);
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
  });
});
