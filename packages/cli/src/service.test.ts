/** The service as its users meet it: `lacuna publish` and `lacuna keys`, the client, other people's clients, over HTTP. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { featureExtraction, fillMask, textClassification } from '@huggingface/inference';
import { createClient, LacunaError } from '@lacuna/client';
import { CONFIGS, initialParameters, Random, SPECIAL_TOKENS, Tokenizer, writeArtifact } from '@lacuna/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EdgeServer, freePort, startEdgeServer } from './edge-server.ts';
import { createRootKey, keySha256 } from './service.ts';
import { lacunaAsync as lacuna } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-service-'));
const rootKey = createRootKey();
let server: EdgeServer;

beforeAll(async () => {
  const pieces = [...SPECIAL_TOKENS, ...'the a cat dog sat on mat . ##s'.split(' ')];
  const config = { ...CONFIGS.tiny, vocabSize: pieces.length, maxPositionEmbeddings: 40 };
  const common = { config, tokenizer: new Tokenizer(pieces).toJSON(), quantization: 'int8' } as const;
  for (const seed of [1, 2]) {
    const params = initialParameters(config, new Random(seed));
    writeFileSync(join(folder, `${seed}.st`), await writeArtifact({ ...common, name: 'stories', params }));
  }
  const vars = { ROOT_KEY_SHA256: keySha256(rootKey), LOGS: 'none' };
  server = await startEdgeServer({ port: await freePort(), output: 'ignore', vars, state: join(folder, 'state') });
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (key: string, ...line: string[]) =>
  lacuna([...line, '--to', server.address, '--json'], { LACUNA_KEY: key });

describe('lacuna publish and lacuna keys', () => {
  it('make a key that publishes, a model that answers, and take the key back', async () => {
    const made = await run(rootKey, 'keys', 'create', '--name', 'ci', '--scopes', 'write', 'read');
    expect(made).toMatchObject({ status: 0, json: { name: 'ci', scopes: ['read', 'write'] } });
    const { key, id } = made.json as { key: string; id: string };
    const published = await run(key, 'publish', join(folder, '1.st'), '--description', 'small');
    expect(published).toMatchObject({ status: 0, json: { name: 'stories', task: 'fill-mask' } });
    const again = await run(key, 'publish', join(folder, '2.st'), '--create-only');
    expect(again).toMatchObject({ status: 1, json: { error: { code: 'precondition_failed' } } });
    const client = createClient({ baseUrl: server.address });
    expect(await client.fillMask('a [MASK]', { model: 'stories', topK: 1 })).toHaveLength(1);
    expect(await client.models()).toContainEqual(
      expect.objectContaining({ name: 'stories', source: 'stored', version: published.json.version }),
    );
    expect((await run(rootKey, 'keys', 'list')).json).toMatchObject({ keys: [{ id, name: 'ci' }] });
    expect((await run(key, 'keys', 'list')).json).toMatchObject({ error: { code: 'forbidden' } });
    expect((await run(rootKey, 'keys', 'revoke', id)).status).toBe(0);
    expect((await run(key, 'publish', join(folder, '2.st'))).json).toMatchObject({ error: { code: 'unauthorized' } });
  });

  it('say what is wrong before they ask anybody', async () => {
    writeFileSync(join(folder, 'bad.st'), 'no artifact at all');
    const codes = async (...line: string[]) => {
      const { status, json } = await run(rootKey, ...line);
      return [status, (json.error as { code: string }).code];
    };
    expect(await codes('publish', join(folder, 'bad.st'))).toEqual([1, 'artifact_corrupt']);
    expect(await codes('publish', join(folder, 'none.st'))).toEqual([1, 'file_not_found']);
    expect(await codes('keys', 'create', '--scopes', 'sudo')).toEqual([2, 'invalid_argument']);
    expect(await codes('keys', 'revoke')).toEqual([2, 'invalid_argument']);
    expect(await codes('keys', 'forge')).toEqual([2, 'invalid_argument']);
    const keyless = await lacuna(['keys', 'list', '--json'], { LACUNA_KEY: '' });
    expect(keyless).toMatchObject({ status: 2, json: { error: { message: expect.stringContaining('LACUNA_KEY') } } });
  });

  it('make a root key and the hash that a deployment is given', async () => {
    const { json } = await lacuna(['keys', 'root', '--json'], {});
    const { key, sha256 } = json as { key: string; sha256: string };
    expect([key, sha256]).toEqual([expect.stringMatching(/^lk_[0-9a-f]{16}_[0-9a-f]{64}$/), keySha256(key)]);
  });
});

it('a GET that brings a body is answered as one without', async () => {
  const { hostname, port } = new URL(server.address);
  const sent = request({ hostname, port, path: '/v1/models', method: 'GET', headers: { 'content-length': 1 } });
  sent.end('x');
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(200);
});

describe('the client', () => {
  it('embeds, scores and fills one by one, and gives each text its own error', async () => {
    const client = createClient({ baseUrl: server.address });
    const [river, stream] = await client.embed(['a wide river', 'a broad stream'], { model: 'lacuna-fill' });
    const cosine = (river ?? []).reduce((sum, x, i) => sum + x * (stream?.[i] ?? 0), 0);
    expect(cosine).toBeGreaterThan(0);
    expect(cosine).toBeLessThan(1);
    const good = await client.score('the river flows into the sea.');
    const bad = await client.score('sea river the into flows the.');
    expect(good.pseudo_perplexity).toBeLessThan(bad.pseudo_perplexity);
    expect((await client.fillOneByOne('the [MASK] of the [MASK] .')).filled).not.toContain('[MASK]');
    const [labels, failed] = await client.classify(['a warm film', ''], { partial: true });
    expect(labels).toHaveLength(2);
    expect(failed).toBeInstanceOf(LacunaError);
  });
});

describe('@huggingface/inference', () => {
  const at = (model: string) => ({ endpointUrl: `${server.address}/models/${model}` });

  it('fills a gap', async () => {
    const found = await fillMask({ ...at('lacuna-fill'), inputs: 'The river flows into the [MASK].' });
    expect(found).toHaveLength(5);
    expect(found[0]).toEqual({
      score: expect.any(Number),
      token: expect.any(Number),
      token_str: expect.any(String),
      sequence: expect.stringMatching(/^The river flows into the ?\S+\.$/),
    });
  });

  it('fills a gap out of targets', async () => {
    const found = await fillMask({
      ...at('lacuna-fill'),
      inputs: 'The river flows into the [MASK].',
      parameters: { targets: ['sea', 'lake'], top_k: 1 },
    });
    expect(found).toHaveLength(1);
  });

  it('labels a text', async () => {
    const labels = await textClassification({ ...at('lacuna-sentiment'), inputs: 'A warm, funny and moving film.' });
    expect(labels.map(({ label }) => label)).toEqual(['positive', 'negative']);
  });

  it('extracts features', async () => {
    const path = { endpointUrl: `${at('lacuna-fill').endpointUrl}/pipeline/feature-extraction` };
    const features = (await featureExtraction({ ...path, inputs: 'a river' })) as number[];
    expect(Math.hypot(...features)).toBeCloseTo(1, 4);
  });

  it('throws what the service says is wrong', async () => {
    await expect(fillMask({ ...at('lacuna-fill'), inputs: 'no gap' })).rejects.toThrow(/the text must hold \[MASK\]/);
    await expect(fillMask({ ...at('nobody'), inputs: '[MASK]' })).rejects.toThrow(/expected one of lacuna-fill/);
  });
});
