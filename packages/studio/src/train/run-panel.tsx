/** A run that trains, or has just ended: how far it is, its figures and curves, and what to do with it. */
import { useEffect, useRef } from 'preact/hooks';
import { Meter } from '../components/bar.tsx';
import { Button } from '../components/button.tsx';
import { bytes, compact, percent } from '../format.ts';
import { goTo } from '../router.ts';
import { accuracyOf } from '../runs/run-history.ts';
import { formatSeconds } from './curves.tsx';
import type { LiveRun, Phase } from './live-run.ts';
import { MachineFacts } from './machine-facts.tsx';
import { RunCurves } from './run-curves.tsx';
import { Samples } from './samples.tsx';
import type { TrainDesk } from './train-desk.ts';
import { TrainWarning } from './train-error.tsx';

const PHASES: Readonly<Record<Phase, string>> = {
  preparing: 'Getting ready',
  training: 'Training',
  paused: 'Paused',
  done: 'Done',
  stopped: 'Stopped',
  failed: 'Ended by an error',
};

interface RunPanelProps {
  readonly desk: TrainDesk;
  readonly live: LiveRun;
}

export function RunPanel({ desk, live }: RunPanelProps) {
  const { run, title, task, phase, asked, warnings } = live;
  const panel = useRef<HTMLElement>(null);
  // The form with the button that started it is gone: who pressed it goes on here.
  useEffect(() => panel.current?.focus(), [run]);
  return (
    <section class="card run-panel" aria-labelledby="run-name" tabIndex={-1} ref={panel}>
      <div class="card-head">
        <div>
          <h2 id="run-name">{run}</h2>
          <p class="muted small">{title}</p>
        </div>
        <div class="row run-actions">
          <Actions desk={desk} live={live} />
        </div>
      </div>
      <Status phase={phase} asked={asked} live={live} />
      <Figures live={live} />
      <RunCurves desk={desk} live={live} />
      {task !== 'finetune' && <Samples samples={live.samples} />}
      <MachineFacts live={live} />
      {warnings.map((warning, i) => (
        <TrainWarning key={`${i} ${warning.code}`} {...warning} />
      ))}
    </section>
  );
}

function Actions({ desk, live: { phase, asked, start } }: RunPanelProps) {
  if (phase === 'training' || phase === 'preparing') {
    return (
      <>
        <Button onClick={() => void desk.pause()} disabled={phase === 'preparing'} busy={asked === 'pause'}>
          Pause
        </Button>
        <Button onClick={() => void desk.stop()} busy={asked === 'stop'}>
          Stop
        </Button>
      </>
    );
  }
  if (phase === 'paused') {
    return (
      <>
        <Button kind="primary" onClick={() => void desk.resume()}>
          Resume
        </Button>
        <Button onClick={() => void desk.stop()} busy={asked === 'stop'}>
          Stop
        </Button>
      </>
    );
  }
  return (
    <>
      {phase !== 'failed' && start && (
        <Button kind="primary" onClick={() => goTo('try')}>
          Try it
        </Button>
      )}
      <Button
        kind="quiet"
        onClick={() => {
          desk.live.value = undefined;
        }}
      >
        Close
      </Button>
    </>
  );
}

/** Screen readers hear the phase when it changes; the figures they can look up. */
function Status({ phase, asked, live }: Pick<LiveRun, 'phase' | 'asked'> & { readonly live: LiveRun }) {
  const { progress, preparing } = live;
  const fraction = phase === 'preparing' ? preparing?.fraction : phase === 'done' ? 1 : progress?.fraction;
  const isKnown = phase !== 'preparing' && progress !== undefined;
  return (
    <div class="run-status">
      <p>
        <span role="status" class={`phase ${phase}`}>
          {asked === 'stop' ? 'Stopping after a save' : asked === 'pause' ? 'Pausing after a save' : PHASES[phase]}
        </span>
        <span class="muted small number">
          {isKnown && phase !== 'done' && phase !== 'failed'
            ? `${formatSeconds(progress.etaSeconds)} left`
            : preparation(live)}
        </span>
      </p>
      <Meter label="Share of the run" fraction={fraction ?? (phase === 'preparing' ? undefined : 0)} />
    </div>
  );
}

function preparation({ phase, preparing }: LiveRun): string {
  if (phase !== 'preparing') return '';
  if (preparing?.phase === 'tokenizer') return 'Learning a vocabulary';
  if (preparing?.phase === 'examples') return 'Making examples';
  return preparing ? 'Reading the texts' : 'Choosing where to run';
}

/** All of them stand there from the start, so that nothing moves when they come. */
function Figures({ live: { progress, evaluation, start } }: { readonly live: LiveRun }) {
  const none = '–';
  const figures = [
    ['Loss', progress ? progress.loss.toFixed(3) : none],
    ['Right on held-out', evaluation ? percent(accuracyOf(evaluation.metrics)) : none],
    ['Tokens a second', progress ? compact(progress.tokensPerSecond) : none],
    ['Tokens seen', progress ? compact(progress.tokens) : none],
    ['Memory', progress?.memoryBytes ? bytes(progress.memoryBytes) : none],
    ['Parameters', start ? compact(start.parameters) : none],
  ] as const;
  return (
    <dl class="facts">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
