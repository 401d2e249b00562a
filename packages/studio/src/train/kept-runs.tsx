/** The runs that this browser keeps: to try, to go on with, to compare, to delete. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { bytes, compact, percent } from '../format.ts';
import { goTo } from '../router.ts';
import { modelIdOf, type StudioRun } from '../runs/kept-runs.ts';
import { accuracyOf } from '../runs/run-history.ts';
import { CURVE_COLORS } from './palette.ts';
import { RunCurves } from './run-curves.tsx';
import type { TrainDesk } from './train-desk.ts';

export function KeptRuns({ desk, onTry }: { readonly desk: TrainDesk; readonly onTry: (id: string) => void }) {
  const runs = desk.runs.value;
  if (!runs || runs.length === 0) return null;
  const isLive = desk.live.value !== undefined;
  return (
    <section class="card" aria-labelledby="runs-title">
      <div>
        <h2 id="runs-title">Kept runs</h2>
        <StorageFacts runs={runs} />
      </div>
      <ul class="runs">
        {runs.map((run) => (
          <li key={run.run}>
            <KeptRun desk={desk} run={run} onTry={onTry} />
          </li>
        ))}
      </ul>
      {!isLive && desk.compared.value.size > 0 && <RunCurves desk={desk} />}
    </section>
  );
}

interface KeptRunProps {
  readonly desk: TrainDesk;
  readonly run: StudioRun;
  readonly onTry: (id: string) => void;
}

function KeptRun({ desk, run, onTry }: KeptRunProps) {
  const { run: name, facts, record, metrics, complete, inUse, sizeBytes } = run;
  const [isAsking, setAsking] = useState(false);
  const question = useRef<HTMLElement>(null);
  const row = useRef<HTMLDivElement>(null);
  // What was pressed is gone, or covered by what it asks: the keyboard goes along.
  useEffect(() => {
    if (isAsking) question.current?.focus();
  }, [isAsking]);
  const keep = () => {
    setAsking(false);
    row.current?.focus();
  };
  const isOwn = desk.isBusy && desk.live.value?.run === name;
  const compared = desk.compared.value;
  const isFull = compared.size >= CURVE_COLORS - 1 && !compared.has(name);
  const state = isOwn ? 'trains here' : inUse ? 'trains in another tab' : complete ? 'complete' : 'can go on';
  return (
    <div class="kept-run" tabIndex={-1} ref={row}>
      <div class="kept-run-facts">
        <p class="kept-run-name">
          {name} <span class={`badge${inUse ? ' busy' : ''}`}>{state}</span>
        </p>
        <p class="muted small number">
          {TASKS[facts.task]}
          {record.data ? ` on ${record.data}` : ''} · {compact(run.parameters)} parameters ·{' '}
          {sizeBytes > 0 ? `${compact(run.tokens)} tokens` : 'not saved yet'}
          {metrics ? ` · ${percent(accuracyOf(metrics))} right on held-out` : ''}
          {sizeBytes > 0 ? ` · ${bytes(sizeBytes)}` : ''}
        </p>
      </div>
      <div class="row">
        <label class="check">
          <input
            type="checkbox"
            checked={compared.has(name)}
            disabled={isFull}
            onChange={(event) => desk.compare(name, event.currentTarget.checked)}
          />
          Compare<span class="visually-hidden"> {name}</span>
        </label>
        {!complete && !inUse && !desk.isBusy && (
          <Button label={`Go on with ${name}`} onClick={() => void desk.goOn(run)}>
            Go on
          </Button>
        )}
        {sizeBytes > 0 && (
          <Button
            label={`Try ${name}`}
            onClick={() => {
              onTry(modelIdOf(name));
              goTo('try');
            }}
          >
            Try
          </Button>
        )}
        {!inUse && (
          <Button kind="quiet" label={`Delete ${name}`} onClick={() => setAsking(true)}>
            Delete
          </Button>
        )}
      </div>
      {isAsking && (
        <section class="note warning confirm" tabIndex={-1} ref={question} aria-label={`Delete ${name}?`}>
          <p>The run, its checkpoint and its model will be gone from this browser.</p>
          <div class="row">
            <Button kind="danger" onClick={() => void desk.remove(name)}>
              Delete {name}
            </Button>
            <Button onClick={keep}>Keep it</Button>
          </div>
        </section>
      )}
    </div>
  );
}

const TASKS = {
  pretrain: 'Fills gaps, trained',
  finetune: 'Labels texts, trained',
  distill: 'Student, distilled',
} as const;

/** What the runs take, and whether the browser may evict them. */
function StorageFacts({ runs }: { readonly runs: readonly StudioRun[] }) {
  const [facts, setFacts] = useState<{
    readonly usage: number;
    readonly quota: number;
    readonly isPersisted: boolean;
  }>();
  useEffect(() => {
    let isCurrent = true;
    const look = async () => {
      const { usage = 0, quota = 0 } = await navigator.storage.estimate();
      const isPersisted = await navigator.storage.persisted();
      if (isCurrent) setFacts({ usage, quota, isPersisted });
    };
    void look();
    return () => {
      isCurrent = false;
    };
  }, [runs]);
  if (!facts) return <p class="muted small">In this browser</p>;
  const { usage, quota, isPersisted } = facts;
  return (
    <p class="muted small number">
      {bytes(usage)} of {bytes(quota)} in this browser
      {isPersisted ? ', kept until you delete them' : ', which may evict them when its disk is full'}
    </p>
  );
}
