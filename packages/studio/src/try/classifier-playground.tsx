/** The playground of a classifier: type a text, read its labels, and what they rest on. */
import type { LabelScore, LocalModel } from '@lacuna/client/local';
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Field } from '../components/field.tsx';
import { LabelBars } from '../components/label-bars.tsx';
import { ErrorNote } from '../components/notes.tsx';
import { percent } from '../format.ts';
import { LatestAnswer } from '../latest-answer.ts';
import { AnswerTime } from './answer-time.tsx';
import { ExplanationPanel } from './explanation-panel.tsx';

interface ClassifierPlaygroundProps {
  readonly model: LocalModel;
  readonly examples: readonly string[];
  readonly onAnswer: () => void;
}

export function ClassifierPlayground({ model, examples, onAnswer }: ClassifierPlaygroundProps) {
  const text = useSignal(examples[0] ?? '');
  const example = useSignal(0);
  const latest = useMemo(
    () => new LatestAnswer<string, LabelScore[]>((asked) => model.classify(asked, { truncate: true })),
    [model],
  );
  const isEmpty = text.value.trim() === '';
  useEffect(() => {
    if (isEmpty) latest.forget();
    else latest.ask(text.value);
  }, [latest, text.value, isEmpty]);
  const answered = latest.answered.value;
  useEffect(() => {
    if (answered) onAnswer();
  }, [answered]);
  const [best] = answered?.answer ?? [];
  return (
    <>
      <Field label="Text">
        {({ id }) => (
          <textarea
            id={id}
            class="try-text"
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        )}
      </Field>
      <div class="row">
        {examples.length > 1 && (
          <Button
            onClick={() => {
              example.value = (example.value + 1) % examples.length;
              text.value = examples[example.value] ?? '';
            }}
          >
            Another text
          </Button>
        )}
        <AnswerTime isBusy={latest.isBusy.value} ms={answered?.ms} />
      </div>
      <div class="try-answers" aria-busy={latest.isBusy.value}>
        {latest.failure.value !== undefined && <ErrorNote error={latest.failure.value} />}
        {isEmpty && <p class="muted">Nothing to label yet. Type a text.</p>}
        {answered && <LabelBars labels={answered.answer} threshold={model.threshold} />}
      </div>
      <p class="visually-hidden" role="status">
        {best ? `${best.label}, ${percent(best.score, 0)}` : ''}
      </p>
      {answered && <ExplanationPanel model={model} text={answered.question} open />}
    </>
  );
}
