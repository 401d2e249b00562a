/** What a data set is: counts, its first texts, how long they are, how its labels are spread, and what to mind. */
import { Bar } from '../components/bar.tsx';
import { Note } from '../components/notes.tsx';
import type { DataSet } from '../project.ts';
import type { ReadResult } from './source.ts';

const MOST_LABELS = 12;

export function DataFacts({ result: { data, preview } }: { readonly result: ReadResult }) {
  return (
    <>
      <Counts data={data} />
      {data.warnings.map(({ code, message }) => (
        <Note key={code} kind="warning">
          <p>{message}</p>
        </Note>
      ))}
      <div class="data-charts">
        <Lengths data={data} />
        {data.kind === 'labelled' && <Balance data={data} />}
      </div>
      <Preview preview={preview} isLabelled={data.kind === 'labelled'} />
    </>
  );
}

function Counts({ data }: { readonly data: DataSet }) {
  const { texts, words } = data.statistics;
  const facts = [
    [data.kind === 'text' ? 'Texts' : 'Labelled rows', texts],
    ['Words', words],
    ['For training', data.trainTexts],
    ['Held out', data.heldOut.length],
    ...(data.kind === 'labelled' ? ([['Labels', data.labels.length]] as const) : []),
  ] as const;
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value.toLocaleString('en')}</dd>
        </div>
      ))}
    </dl>
  );
}

function Lengths({ data }: { readonly data: DataSet }) {
  const { lengths } = data.statistics;
  const all = lengths.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(...lengths.map(({ count }) => count));
  return (
    <section aria-labelledby="data-lengths">
      <h3 id="data-lengths">Tokens a text</h3>
      <div class="bars">
        {lengths.map(({ from, count }) => (
          <Bar
            key={from}
            label={from === 1 ? '1' : `${from} to ${2 * from - 1}`}
            share={count / most}
            value={`${((100 * count) / all).toFixed(count / all < 0.1 ? 1 : 0)} %`}
          />
        ))}
      </div>
      <p class="hint">In a vocabulary of 1,024 pieces learned from {all.toLocaleString('en')} of the texts.</p>
    </section>
  );
}

function Balance({ data }: { readonly data: DataSet }) {
  const { labels, texts } = data.statistics;
  const shown = labels.slice(0, MOST_LABELS);
  const most = shown[0]?.count ?? 1;
  return (
    <section aria-labelledby="data-balance">
      <h3 id="data-balance">Rows a label</h3>
      <div class="bars">
        {shown.map(({ label, count }) => (
          <Bar
            key={label}
            label={label}
            share={count / most}
            value={`${count.toLocaleString('en')} · ${((100 * count) / texts).toFixed(0)} %`}
          />
        ))}
      </div>
      {labels.length > shown.length && <p class="hint">And {labels.length - shown.length} more labels.</p>}
    </section>
  );
}

function Preview({ preview, isLabelled }: { readonly preview: ReadResult['preview']; readonly isLabelled: boolean }) {
  return (
    <section aria-labelledby="data-preview">
      <h3 id="data-preview">First texts</h3>
      <table class="preview">
        <thead>
          <tr>
            <th scope="col">Text</th>
            {isLabelled && <th scope="col">Label</th>}
          </tr>
        </thead>
        <tbody>
          {preview.map(({ text, label }, i) => (
            <tr key={i}>
              <td>{text.length > 240 ? `${text.slice(0, 240)}…` : text}</td>
              {isLabelled && (
                <td>
                  <span class="badge">{label}</span>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
