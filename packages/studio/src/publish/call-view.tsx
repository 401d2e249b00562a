/** Asks the published model over HTTP from this page, and shows how to do the same from elsewhere. */
import { type Candidate, createClient, type LabelScore, LacunaError } from '@lacuna/client';
import { useSignal } from '@preact/signals';
import { Bar } from '../components/bar.tsx';
import { Button } from '../components/button.tsx';
import { Field } from '../components/field.tsx';
import { LabelBars } from '../components/label-bars.tsx';
import { duration, percent } from '../format.ts';
import { FailureNote } from './failure-note.tsx';
import type { Published } from './push-form.tsx';
import { SnippetView } from './snippet-view.tsx';

interface CallViewProps {
  readonly published: Published;
  /** For services where reading takes one. */
  readonly apiKey: string;
  readonly example: string;
}

interface Answered {
  readonly text: string;
  readonly gaps: readonly (readonly Candidate[])[];
  readonly labels: readonly LabelScore[];
  readonly ms: number;
}

export function CallView({ published, apiKey, example }: CallViewProps) {
  const { address, name, task } = published;
  const text = useSignal(example);
  const needsKey = useSignal(false);
  const isBusy = useSignal(false);
  const answered = useSignal<Answered | undefined>(undefined);
  const failure = useSignal<unknown>(undefined);
  const asked = async (key: string | undefined): Promise<Answered> => {
    const client = createClient({ baseUrl: address, ...(key === undefined ? {} : { key }) });
    const before = performance.now();
    const isFilling = task === 'fill-mask';
    const gaps = isFilling ? await client.fillMask(text.value, { model: name }) : [];
    const labels = isFilling ? [] : await client.classify(text.value, { model: name });
    return { text: text.value, gaps, labels, ms: performance.now() - before };
  };
  const ask = async () => {
    isBusy.value = true;
    failure.value = undefined;
    try {
      answered.value = await asked(needsKey.value ? apiKey : undefined).catch((error: unknown) => {
        // Some services keep reading to themselves.
        if (!(error instanceof LacunaError) || error.code !== 'unauthorized' || needsKey.value) throw error;
        needsKey.value = true;
        return asked(apiKey);
      });
    } catch (error) {
      answered.value = undefined;
      failure.value = error;
    } finally {
      isBusy.value = false;
    }
  };
  const isAskable = text.value.trim() !== '' && (task !== 'fill-mask' || text.value.includes('[MASK]'));
  const request = {
    address,
    model: name,
    task: task === 'fill-mask' ? ('fill-mask' as const) : ('classification' as const),
    text: text.value,
    needsKey: needsKey.value,
  };
  return (
    <>
      <form
        class="call-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isAskable && !isBusy.value) void ask();
        }}
      >
        <Field
          label={`Ask ${name} at ${address}`}
          hint={task === 'fill-mask' ? 'With [MASK] where something is missing.' : undefined}
        >
          {({ id, describedBy }) => (
            <input
              id={id}
              aria-describedby={describedBy}
              autoComplete="off"
              value={text.value}
              onInput={(event) => {
                text.value = event.currentTarget.value;
              }}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" busy={isBusy.value} disabled={!isAskable}>
          Ask
        </Button>
      </form>
      <div class="call-answer" aria-live="polite">
        {failure.value !== undefined && <FailureNote error={failure.value} address={address} />}
        {answered.value && <AnswerBars {...answered.value} />}
      </div>
      <SnippetView request={request} />
    </>
  );
}

function AnswerBars({ gaps, labels, ms }: Answered) {
  return (
    <>
      <p class="small muted number">The service answered in {duration(ms)}, the way there and back included.</p>
      <div class="gap-cards">
        {gaps.map((candidates, gap) => (
          <section key={gap} class="gap-card" aria-label={`Gap ${gap + 1}`}>
            <h3>Gap {gap + 1}</h3>
            {candidates.map(({ token, token_str: word, score }) => (
              <Bar key={token} label={word} share={score / (candidates[0]?.score ?? 1)} value={percent(score)} />
            ))}
          </section>
        ))}
      </div>
      {labels.length > 0 && <LabelBars labels={labels} />}
    </>
  );
}
