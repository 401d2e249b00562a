/** Example by example: what was right, and what both models said. */
import type { Answer, ComparedAnswer } from '@lacuna/client/compare';
import { useSignal } from '@preact/signals';
import { Button } from '../components/button.tsx';
import { Scrolling } from '../components/scrolling.tsx';
import { percent } from '../format.ts';
import { around } from './around.ts';

const SHOWN = 12;

interface AnswersTableProps {
  readonly answers: readonly ComparedAnswer[];
  readonly names: readonly [string, string];
}

export function AnswersTable({ answers, names }: AnswersTableProps) {
  const onlyDifferent = useSignal(true);
  const isLong = useSignal(false);
  const different = answers.filter(({ first, second }) => first.answer !== second.answer);
  const found = onlyDifferent.value ? different : answers;
  const shown = isLong.value ? found : found.slice(0, SHOWN);
  return (
    <div class="answers">
      <div class="card-head">
        <h3>Example by example</h3>
        <label class="check">
          <input
            type="checkbox"
            checked={onlyDifferent.value}
            onChange={(event) => {
              onlyDifferent.value = event.currentTarget.checked;
            }}
          />
          Only where they differ ({different.length} of {answers.length})
        </label>
      </div>
      {found.length === 0 ? (
        <p class="muted">They answer alike in every example.</p>
      ) : (
        <Scrolling label="Answers of both models">
          <table class="figures answers-table">
            <thead>
              <tr>
                <th scope="col">Text</th>
                <th scope="col">Right</th>
                <th scope="col">{names[0]}</th>
                <th scope="col">{names[1]}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((compared, i) => (
                <tr key={i}>
                  <th scope="row">
                    <Context compared={compared} />
                  </th>
                  <td>{compared.expected}</td>
                  <td>
                    <Given answer={compared.first} />
                  </td>
                  <td>
                    <Given answer={compared.second} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
      {found.length > SHOWN && (
        <div class="row">
          <Button
            kind="quiet"
            onClick={() => {
              isLong.value = !isLong.value;
            }}
          >
            {isLong.value ? 'Show fewer' : `Show all ${found.length}`}
          </Button>
        </div>
      )}
    </div>
  );
}

function Context({ compared: { text, gap } }: { readonly compared: ComparedAnswer }) {
  if (gap === undefined) return <>{text}</>;
  const { before, after } = around(text, gap);
  return (
    <>
      {before}
      <mark class="gap-mark">
        <span class="visually-hidden">the gap</span>
      </mark>
      {after}
    </>
  );
}

function Given({ answer: { answer, score, rank } }: { readonly answer: Answer }) {
  return (
    <>
      <span class={rank === 0 ? 'right' : 'wrong'} aria-hidden="true">
        {rank === 0 ? '✓' : '✗'}
      </span>{' '}
      <span class="visually-hidden">{rank === 0 ? 'right: ' : 'wrong: '}</span>
      {answer} <span class="muted number">{percent(score, 0)}</span>
    </>
  );
}
