/** How far a distillation is, with what one can do to it. */
import { useSignal } from '@preact/signals';
import { Meter } from '../components/bar.tsx';
import { Button } from '../components/button.tsx';
import { ErrorNote, Note } from '../components/notes.tsx';
import { percent, whole } from '../format.ts';
import type { Distillation, Progressing } from './distillation.ts';

const PHASES: Readonly<Record<Progressing['phase'], string>> = {
  preparing: 'Preparing',
  training: 'Distilling',
  paused: 'Paused',
  done: 'Done',
};

export function DistilProgress({ distillation }: { readonly distillation: Distillation }) {
  const isAsking = useSignal(false);
  const failure = distillation.failure.value;
  const state = distillation.progressing.value;
  if (failure !== undefined) {
    return (
      <ErrorNote error={failure}>
        <p>Nothing is lost: the teacher and the data are as they were.</p>
      </ErrorNote>
    );
  }
  if (!state) return null;
  const { phase, progress, preparing, evaluation, machine, done, warnings } = state;
  // The last steps are not told one by one.
  const { step } = done ?? progress ?? {};
  const asking = (work: () => Promise<void>) => async () => {
    isAsking.value = true;
    try {
      await work();
    } catch (error) {
      distillation.failure.value = error;
    } finally {
      isAsking.value = false;
    }
  };
  const student = distillation.student.value;
  return (
    <section class="distil-progress" aria-label="Progress">
      <div class="card-head">
        <h3>{PHASES[phase]}</h3>
        {distillation.isRunning && (
          <div class="row">
            {phase === 'paused' ? (
              <Button busy={isAsking.value} onClick={asking(() => distillation.resume())}>
                Go on
              </Button>
            ) : (
              <Button
                busy={isAsking.value}
                disabled={phase !== 'training'}
                onClick={asking(() => distillation.pause())}
              >
                Pause
              </Button>
            )}
            <Button kind="danger" busy={isAsking.value} onClick={asking(() => distillation.stop())}>
              Stop
            </Button>
          </div>
        )}
      </div>
      <p class="visually-hidden" role="status">
        {PHASES[phase]}
      </p>
      <Meter
        label={PHASES[phase]}
        fraction={phase === 'preparing' ? preparing?.fraction : phase === 'done' ? 1 : (progress?.fraction ?? 0)}
      />
      <dl class="facts">
        <Fact name="Left" value={phase === 'done' ? '–' : progress && clock(progress.etaSeconds)} />
        <Fact name="Loss" value={progress?.loss.toFixed(3)} />
        <Fact name="Held-out" value={evaluation && heldOut(evaluation.metrics)} />
        <Fact name="Tokens a second" value={progress && whole(progress.tokensPerSecond)} />
        <Fact name="Steps" value={step === undefined ? undefined : whole(step)} />
      </dl>
      {machine && (
        <p class="small muted">
          {machine.backend} on {machine.lanes === 1 ? 'one lane' : `${machine.lanes} lanes`}. {machine.reason}
        </p>
      )}
      {warnings.map((message) => (
        <Note key={message} kind="warning">
          {message}
        </Note>
      ))}
      {student && (
        <Note kind="good">
          <p>
            {student.name} is there, {whole(student.parameters)} parameters. <a href="#try">Try it</a>, compare it
            below, or <a href="#publish">publish it</a>.
          </p>
        </Note>
      )}
    </section>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  );
}

function heldOut(metrics: NonNullable<Progressing['evaluation']>['metrics']): string {
  return 'top1' in metrics ? `${percent(metrics.top1)} top-1` : percent(metrics.accuracy);
}

function clock(seconds: number): string {
  const left = Math.max(0, Math.round(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}
