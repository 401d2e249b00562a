/** Why the model answers so, when one asks: what each token adds, and who looks at whom. */
import type { Explanation, LocalModel } from '@lacuna/client/local';
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { SelectField } from '../components/field.tsx';
import { ErrorNote } from '../components/notes.tsx';
import { percent } from '../format.ts';
import { LatestAnswer } from '../latest-answer.ts';
import { AnswerTime } from './answer-time.tsx';
import { AttentionView } from './attention-view.tsx';
import { AttributionText } from './attribution-text.tsx';

/** Explaining takes gradients, so it waits for a longer pause than answering. */
const PAUSE_MS = 500;

interface ExplanationPanelProps {
  readonly model: LocalModel;
  readonly text: string;
  /** Of the text, where the model fills gaps. */
  readonly gaps?: number;
  /** Open from the beginning. */
  readonly open?: boolean;
}

interface Question {
  readonly text: string;
  readonly target?: string;
  readonly gap?: number;
}

export function ExplanationPanel({ model, text, gaps = 0, open = false }: ExplanationPanelProps) {
  const isOpen = useSignal(open);
  const gap = useSignal(0);
  const target = useSignal('');
  const latest = useMemo(
    () => new LatestAnswer<Question, Explanation>((of) => model.explain(of.text, { ...of, truncate: true }), PAUSE_MS),
    [model],
  );
  const asked = Math.min(gap.value, Math.max(gaps - 1, 0));
  useEffect(() => {
    if (!isOpen.value) return latest.forget();
    const of = gaps > 0 ? { gap: asked } : {};
    latest.ask({ text, ...of, ...(target.value === '' ? {} : { target: target.value }) });
  }, [latest, text, isOpen.value, asked, gaps, target.value]);
  const answered = latest.answered.value;
  return (
    <details
      class="fold"
      open={isOpen.value}
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>Why this answer?</summary>
      <div class="fold-body explanation" aria-busy={latest.isBusy.value}>
        <div class="explanation-head">
          {gaps > 1 && (
            <SelectField
              label="Gap"
              value={String(asked)}
              options={Array.from({ length: gaps }, (_, i) => ({ value: String(i), label: `Gap ${i + 1}` }))}
              onChange={(value) => {
                gap.value = Number(value);
              }}
            />
          )}
          {model.labels.length > 0 && (
            <SelectField
              label="What speaks for"
              value={target.value}
              options={[
                { value: '', label: 'the best label' },
                ...model.labels.map((label) => ({ value: label, label })),
              ]}
              onChange={(value) => {
                target.value = value;
              }}
            />
          )}
          <AnswerTime isBusy={latest.isBusy.value} ms={answered?.ms} />
        </div>
        {latest.failure.value !== undefined && <ErrorNote error={latest.failure.value} />}
        {answered && (
          <>
            <p>
              What each token adds to <strong>{answered.answer.target}</strong> ({percent(answered.answer.score)}):
            </p>
            <AttributionText explanation={answered.answer} />
            <AttentionView explanation={answered.answer} />
          </>
        )}
      </div>
    </details>
  );
}
