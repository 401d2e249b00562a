/** What users write, as types: the compiler checks these lines, and lines marked as errors must be errors. */
import { expect, expectTypeOf, it } from 'vitest';
import type { Comparison, compareModels, int8Report, QuantizationReport, timeShape } from './compare/index.ts';
import { createClient } from './index.ts';
import type { LocalModel, loadModel } from './local/index.ts';
import type {
  createTrainer,
  DoneEvent,
  KeptRun,
  listRuns,
  MachineEvent,
  Trainer,
  TrainerEvent,
  TrainerOptions,
} from './training/index.ts';

it('a trainer takes every kind of text, and its options are told apart by their task', () => {
  expectTypeOf<ReturnType<typeof createTrainer>>().toEqualTypeOf<Trainer>();
  const accepts = (_: TrainerOptions) => {};
  accepts({ task: 'pretrain', text: 'One paragraph a line.' });
  accepts({ task: 'pretrain', text: new URL('https://example.org/book.txt.gz'), config: 'small', run: 'book' });
  accepts({ task: 'pretrain', text: [new Blob(['a']), new File(['b'], 'b.csv'), new Blob(['c']).stream()] });
  accepts({
    task: 'pretrain',
    text: (async function* () {})(),
    recipe: { budget: { minutes: 2 }, learningRate: 1e-3 },
  });
  accepts({ task: 'pretrain', text: { content: 'a\tb', format: 'tsv', textColumn: 'b' }, samples: ['A [MASK].'] });
  accepts({ task: 'finetune', model: new Uint8Array(), data: [{ text: 'Good.', label: 'positive' }] });
  accepts({
    task: 'finetune',
    model: '/lacuna-fill.safetensors',
    data: new File([], 'reviews.csv'),
    recipe: { epochs: 2 },
  });
  accepts({ task: 'distill', teacher: new Blob([]), text: { embedded: {} }, layers: { encoder: 2 }, hiddenSize: 64 });
  accepts({ task: 'resume', run: 'book', signal: new AbortController().signal });
  // @ts-expect-error a run that is resumed has a name
  accepts({ task: 'resume' });
  // @ts-expect-error there is no such task
  accepts({ task: 'train', text: '' });
  // @ts-expect-error a classifier starts from a model
  accepts({ task: 'finetune', data: [] });
  // @ts-expect-error a budget is in one unit
  accepts({ task: 'pretrain', text: '', recipe: { budget: 5 } });
  // @ts-expect-error there is no such backend
  accepts({ task: 'pretrain', text: '', backend: 'cuda' });
});

it('events are told apart by their type', () => {
  const read = (event: TrainerEvent) => {
    switch (event.type) {
      case 'machine':
        expectTypeOf(event).toEqualTypeOf<MachineEvent>();
        return `${event.backend} × ${event.lanes}: ${event.exchange}`;
      case 'progress':
        expectTypeOf(event.etaSeconds).toEqualTypeOf<number>();
        // @ts-expect-error only `done` says whether it is complete
        return `${event.complete}`;
      case 'warning':
        return `${event.code}: ${event.message}`;
      default:
        return event.type;
    }
  };
  expectTypeOf<Trainer['done']>().resolves.toEqualTypeOf<DoneEvent>();
  expectTypeOf<Trainer['events']>().toEqualTypeOf<AsyncIterable<TrainerEvent>>();
  expectTypeOf<typeof listRuns>().returns.resolves.toEqualTypeOf<KeptRun[]>();
  expect(read({ type: 'warning', code: 'disk_full', message: 'No room.' })).toBe('disk_full: No room.');
});

it('a local model and the HTTP client are asked alike', () => {
  const ask = async (model: Pick<LocalModel, 'fillMask' | 'classify'>) => {
    const [gap] = await model.fillMask('A [MASK].', { topK: 3, targets: ['cat'] });
    const several = await model.classify(['Good.', 'Bad.'], { signal: AbortSignal.timeout(1000) });
    expectTypeOf(gap?.[0]?.token_str).toEqualTypeOf<string | undefined>();
    expectTypeOf(several[0]?.[0]?.score).toEqualTypeOf<number | undefined>();
  };
  expectTypeOf(ask).toBeCallableWith(createClient({ baseUrl: 'https://example.org' }));
  expectTypeOf<Awaited<ReturnType<typeof loadModel>>>().toExtend<Parameters<typeof ask>[0]>();
  expectTypeOf<Parameters<typeof loadModel>[0]>().toEqualTypeOf<Uint8Array | Blob | URL | string>();
});

it('models are compared from files, addresses or bytes, on texts with or without labels', () => {
  const compares = (..._: Parameters<typeof compareModels>) => {};
  compares('/teacher.safetensors', new Blob([]), [{ text: 'Good.' }]);
  compares(new Uint8Array(), new URL('https://example.org/m'), [{ text: 'Good.', label: 'positive' }], {
    seed: 2,
    onProgress: (fraction) => fraction.toFixed(2),
  });
  // @ts-expect-error an example has a text
  compares('/a', '/b', [{ label: 'positive' }]);
  expectTypeOf<typeof compareModels>().returns.resolves.toEqualTypeOf<Comparison>();
  expectTypeOf<typeof int8Report>().returns.resolves.toEqualTypeOf<QuantizationReport>();
  expectTypeOf<typeof timeShape>().returns.resolves.toExtend<{ readonly medianMs: number }>();
  expectTypeOf<Parameters<ReturnType<typeof createClient>['publish']>[2]>().toExtend<
    { readonly onProgress?: (fraction: number) => void } | undefined
  >();
});
