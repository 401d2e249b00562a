/**
 * `npm run bench:browser`: how fast lanes train in Chromium, beside Node on the same steps. Rounds of all contestants follow each
 * other, and each figure is the median of its rounds; before anything is timed, losses are compared. Prints JSON.
 */
import { cpus } from 'node:os';
import {
  CONFIGS,
  embeddedSource,
  interleavedLines,
  type ModelConfig,
  PRETRAIN_RECIPE,
  pretrain,
  Tokenizer,
  type TokenizerJson,
  trainTokenizer,
  WindowStream,
  type WindowStreamState,
} from '@lacuna/core';
import { createLanes, loadKernels } from '@lacuna/core/node';
import type { Page } from 'playwright-core';
import { SdkSite } from '../sdk-server.ts';
import '../sdk-page.ts';

const STORIES = 20_000;
/** Steps of a round, of which the first few warm the engine up and are not counted. */
const [STEPS, WARM_UP] = [16, 4];
const ROUNDS = Number(process.argv[2] ?? 3);
const recipe = { ...PRETRAIN_RECIPE, budget: { steps: STEPS }, batchTokens: 4096, length: 64 };
const config: ModelConfig = CONFIGS.small;

interface Timing {
  readonly losses: readonly number[];
  readonly tokensPerSecond: number;
}

/** Steps' losses, and the tokens a second of those after the warm-up. */
function timing(
  steps: readonly { readonly loss: number; readonly tokens: number; readonly seconds: number }[],
): Timing {
  const [from, to] = [steps[WARM_UP - 1], steps.at(-1)];
  if (!from || !to || steps.length !== STEPS) throw new Error(`expected ${STEPS} steps, got ${steps.length}`);
  const tokensPerSecond = (to.tokens - from.tokens) / (to.seconds - from.seconds);
  return { losses: steps.map(({ loss }) => loss), tokensPerSecond };
}

async function inNode(tokenizerJson: TokenizerJson, lanes: number): Promise<Timing> {
  const tokenizer = Tokenizer.fromJSON(tokenizerJson);
  const module = await loadKernels();
  const steps = [];
  const events = pretrain({
    config: { ...config, vocabSize: tokenizer.vocabSize, maxPositionEmbeddings: recipe.length },
    recipe,
    vocabulary: tokenizer,
    openWindows: (at) =>
      new WindowStream(
        [embeddedSource({ stories: STORIES })],
        tokenizer,
        { seed: recipe.seed },
        at as unknown as WindowStreamState,
      ),
    makeLanes: (task) => createLanes(task, { lanes, backend: { name: 'wasm', module } }),
  });
  for await (const event of events) if (event.type === 'progress') steps.push(event);
  return timing(steps);
}

async function inPage(page: Page, tokenizer: TokenizerJson, lanes: number): Promise<Timing> {
  const { steps, failed } = await page.evaluate(
    async (options) => {
      const trainer = sdk.createTrainer({
        task: 'pretrain',
        config: 'small',
        backend: 'wasm',
        progressMs: 0,
        ...options,
      });
      const { events, failed } = await sdk.told(trainer);
      trainer.close();
      return { steps: events.filter((event) => event.type === 'progress'), failed };
    },
    { text: { embedded: { stories: STORIES } }, tokenizer, lanes, recipe, samples: [] },
  );
  if (failed) throw new Error(`${failed.code}: ${failed.message}`);
  return timing(steps);
}

const site = await SdkSite.start();
try {
  const source = embeddedSource({ stories: STORIES });
  const tokenizer = await trainTokenizer(interleavedLines([source]), { vocabSize: config.vocabSize });
  const [isolated, open] = [await site.openPage('isolated'), await site.openPage('open')];
  const contestants: Readonly<Record<string, () => Promise<Timing>>> = {
    'node, 1 lane': () => inNode(tokenizer, 1),
    'page, 1 lane': () => inPage(isolated, tokenizer, 1),
    'node, 2 lanes': () => inNode(tokenizer, 2),
    'page, 2 lanes, shared memory': () => inPage(isolated, tokenizer, 2),
    'page, 2 lanes, copies': () => inPage(open, tokenizer, 2),
  };
  const rounds: Record<string, Timing[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const timed = await run();
      rounds[name] = [...(rounds[name] ?? []), timed];
      console.error(`round ${round + 1}: ${name}: ${timed.tokensPerSecond.toFixed(0)} tokens/s`);
    }
    checkLosses(rounds);
  }
  const median = (name: string) => {
    const sorted = (rounds[name] ?? []).map(({ tokensPerSecond }) => tokensPerSecond).sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? Number.NaN;
  };
  /** The median over the rounds of one contestant's speed by another's: neighbours in time see the same machine. */
  const ratio = (name: string, by: string) => {
    const ratios = (rounds[name] ?? [])
      .map(({ tokensPerSecond }, i) => tokensPerSecond / (rounds[by]?.[i]?.tokensPerSecond ?? Number.NaN))
      .sort((a, b) => a - b);
    return ratios[ratios.length >> 1] ?? Number.NaN;
  };
  const [cpu] = cpus();
  console.log(
    JSON.stringify(
      {
        node: process.version,
        cpu: `${cpu?.model.trim()} × ${cpus().length}`,
        date: new Date().toISOString(),
        config: 'small',
        rounds: ROUNDS,
        tokensPerSecond: Object.fromEntries(Object.keys(contestants).map((name) => [name, median(name)])),
        pageByNode: {
          '1 lane': ratio('page, 1 lane', 'node, 1 lane'),
          '2 lanes': ratio('page, 2 lanes, shared memory', 'node, 2 lanes'),
        },
        twoLanesByOne: {
          'shared memory': ratio('page, 2 lanes, shared memory', 'page, 1 lane'),
          copies: ratio('page, 2 lanes, copies', 'page, 1 lane'),
          node: ratio('node, 2 lanes', 'node, 1 lane'),
        },
      },
      undefined,
      2,
    ),
  );
} finally {
  await site.close();
}

/** One lane's losses are one lane's bits wherever it runs, and so are two lanes'; across numbers of lanes they are near. */
function checkLosses(rounds: Readonly<Record<string, readonly Timing[]>>): void {
  const of = (name: string) => rounds[name]?.at(-1)?.losses ?? [];
  const same = (a: string, b: string) => {
    if (JSON.stringify(of(a)) !== JSON.stringify(of(b))) throw new Error(`expected the losses of ${a} from ${b}`);
  };
  same('node, 1 lane', 'page, 1 lane');
  same('node, 2 lanes', 'page, 2 lanes, shared memory');
  same('node, 2 lanes', 'page, 2 lanes, copies');
}
