/** Small random models as a deployment's files: what the Worker's tests serve. */
import {
  CONFIGS,
  initialParameters,
  type ModelConfig,
  Random,
  SPECIAL_TOKENS,
  Tokenizer,
  writeArtifact,
} from '@lacuna/core';
import type { Files } from './registry.ts';

const WORDS = 'a the cat dog sat on mat ran home good bad film was it very . , ! ##s ##ing'.split(' ');
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.split('').flatMap((letter) => [letter, `##${letter}`]);
const pieces = [...new Set([...SPECIAL_TOKENS, ...WORDS, ...LETTERS])];
const tokenizer = new Tokenizer(pieces).toJSON();

export const TEST_CONFIG: ModelConfig = {
  ...CONFIGS.tiny,
  vocabSize: pieces.length,
  hiddenSize: 32,
  intermediateSize: 48,
  maxPositionEmbeddings: 24,
};

/** What was asked for, and a file whose next request fails. */
export interface TestFiles extends Files {
  readonly requested: string[];
  failOnce: string | undefined;
}

/** `models.json`, a fill-mask model, a classifier of one label and one of several, served from memory. */
export async function testFiles(): Promise<TestFiles> {
  const params = (seed: number, numLabels?: number) =>
    initialParameters(TEST_CONFIG, new Random(seed), numLabels === undefined ? undefined : { numLabels });
  const common = { config: TEST_CONFIG, tokenizer, quantization: 'int8' } as const;
  const labels = ['negative', 'positive'];
  const head = { numLabels: 2 };
  const stored: Record<string, Uint8Array> = {
    'filler.safetensors': await writeArtifact({ ...common, name: 'filler', params: params(1) }),
    'critic.safetensors': await writeArtifact({ ...common, name: 'critic', head, labels, params: params(2, 2) }),
    'topics.safetensors': await writeArtifact({
      ...{ ...common, name: 'topics', head: { numLabels: 3 }, labels: ['film', 'home', 'pets'], multiLabel: true },
      params: params(3, 3),
    }),
    'models.json': new TextEncoder().encode(
      JSON.stringify({
        models: [
          { name: 'filler', task: 'fill-mask', file: 'filler.safetensors' },
          { name: 'critic', task: 'text-classification', file: 'critic.safetensors' },
          { name: 'topics', task: 'text-classification', file: 'topics.safetensors' },
          { name: 'gone', task: 'fill-mask', file: 'gone.safetensors' },
        ],
      }),
    ),
  };
  const files: TestFiles = {
    requested: [],
    failOnce: undefined,
    async fetch(url) {
      const file = new URL(url).pathname.slice(1);
      files.requested.push(file);
      if (files.failOnce === file) {
        files.failOnce = undefined;
        return new Response('no', { status: 500 });
      }
      const bytes = stored[file];
      return bytes ? new Response(bytes as Uint8Array<ArrayBuffer>) : new Response('not found', { status: 404 });
    },
  };
  return files;
}
