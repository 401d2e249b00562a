/** The playground of a model that fills gaps: type, hide words, read candidates, put one in. */
import type { Candidate, LocalModel } from '@lacuna/client/local';
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Field } from '../components/field.tsx';
import { ErrorNote } from '../components/notes.tsx';
import { percent } from '../format.ts';
import { LatestAnswer } from '../latest-answer.ts';
import { AnswerTime } from './answer-time.tsx';
import { ExplanationPanel } from './explanation-panel.tsx';
import { GapCandidates } from './gap-candidates.tsx';
import {
  fillGap,
  type GapText,
  gapsOf,
  hideLongest,
  maskedText,
  plainText,
  retype,
  toggle,
  type Word,
} from './gap-text.ts';
import { WordLine } from './word-line.tsx';

const CANDIDATES = 8;

interface Question {
  readonly text: string;
  readonly isOneByOne: boolean;
}

interface Answer {
  readonly gaps: readonly (readonly Candidate[])[];
  /** The whole text, where gaps were filled one by one. */
  readonly filled?: string;
}

interface FillMaskPlaygroundProps {
  readonly model: LocalModel;
  readonly examples: readonly string[];
  readonly onAnswer: () => void;
}

export function FillMaskPlayground({ model, examples, onAnswer }: FillMaskPlaygroundProps) {
  const text = useSignal<GapText>(hideLongest(examples[0] ?? ''));
  const example = useSignal(0);
  const isOneByOne = useSignal(false);
  const latest = useMemo(() => new LatestAnswer<Question, Answer>((question) => answerOf(model, question)), [model]);
  const masked = maskedText(text.value);
  const gaps = gapsOf(text.value);
  const hasGaps = gaps.length > 0;
  useEffect(() => {
    if (hasGaps) latest.ask({ text: masked, isOneByOne: isOneByOne.value });
    else latest.forget();
  }, [latest, masked, hasGaps, isOneByOne.value]);
  const answered = latest.answered.value;
  useEffect(() => {
    if (answered) onAnswer();
  }, [answered]);
  const nextExample = () => {
    example.value = (example.value + 1) % examples.length;
    text.value = hideLongest(examples[example.value] ?? '');
  };
  const isCurrent = answered?.question.text === masked;
  return (
    <>
      <Field label="Text" hint="Type, or write [MASK] where something is missing.">
        {({ id, describedBy }) => (
          <textarea
            id={id}
            class="try-text"
            aria-describedby={describedBy}
            value={plainText(text.value)}
            onInput={(event) => {
              text.value = retype(text.value, event.currentTarget.value);
            }}
          />
        )}
      </Field>
      <div class="try-words">
        <p class="hint">Press a word to hide it; press the gap to show it again.</p>
        <WordLine
          text={text.value}
          onToggle={(at) => {
            text.value = toggle(text.value, at);
          }}
        />
      </div>
      <div class="row">
        {examples.length > 1 && <Button onClick={nextExample}>Another text</Button>}
        <label class="check">
          <input
            type="checkbox"
            checked={isOneByOne.value}
            onChange={(event) => {
              isOneByOne.value = event.currentTarget.checked;
            }}
          />
          Fill one by one, the surest first, so that gaps agree
        </label>
        <AnswerTime isBusy={latest.isBusy.value} ms={answered?.ms} />
      </div>
      <div class={`try-answers${hasGaps ? ' with-gaps' : ''}`} aria-busy={latest.isBusy.value}>
        {latest.failure.value !== undefined && <ErrorNote error={latest.failure.value} />}
        {!hasGaps && <p class="muted">No gap yet. Hide a word to see what the model would put there.</p>}
        {hasGaps && answered && (
          <div class="gap-cards">
            {answered.answer.gaps.map((candidates, gap) => (
              <GapCandidates
                key={gap}
                gap={gap}
                hidden={(text.value[gaps[gap] ?? -1] as Word | undefined)?.text ?? ''}
                candidates={candidates}
                onChoose={(candidate) => {
                  // What was answered to an older text may not fit this one.
                  if (isCurrent) text.value = fillGap(text.value, gap, candidate.token_str);
                }}
              />
            ))}
          </div>
        )}
        {hasGaps && answered?.answer.filled !== undefined && (
          <p class="filled-text">
            <span class="muted">All gaps filled: </span>
            {answered.answer.filled}
          </p>
        )}
      </div>
      <p class="visually-hidden" role="status">
        {isCurrent && answered ? spoken(answered.answer) : ''}
      </p>
      {hasGaps && answered && (
        <ExplanationPanel model={model} text={answered.question.text} gaps={answered.answer.gaps.length} />
      )}
    </>
  );
}

async function answerOf(model: LocalModel, { text, isOneByOne }: Question): Promise<Answer> {
  const options = { topK: CANDIDATES, truncate: true };
  if (isOneByOne) return model.fillOneByOne(text, options);
  return { gaps: await model.fillMask(text, options) };
}

function spoken({ gaps }: Answer): string {
  const best = gaps.map((candidates, gap) => {
    const [first, second] = candidates;
    const words = [first, second].flatMap((found) => (found ? [`${found.token_str} ${percent(found.score, 0)}`] : []));
    return `Gap ${gap + 1}: ${words.join(', ')}`;
  });
  return best.join('. ');
}
