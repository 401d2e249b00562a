/** The first section: texts come in, and one sees what they are before anything is trained on them. */
import { useEffect, useState } from 'preact/hooks';
import { Meter } from '../components/bar.tsx';
import { Button } from '../components/button.tsx';
import { ErrorNote } from '../components/notes.tsx';
import type { Project } from '../project.ts';
import { goTo } from '../router.ts';
import '../styles/data.css';
import { ColumnChoice } from './column-choice.tsx';
import { DataChooser } from './data-chooser.tsx';
import { DataDesk } from './data-desk.ts';
import { DataFacts } from './data-facts.tsx';
import type { FileSource } from './source.ts';

export function DataSection({ project }: { readonly project: Project }) {
  const [desk] = useState(() => new DataDesk(project));
  useEffect(() => void desk.restore(), [desk]);
  const result = desk.result.value;
  const error = desk.error.value;
  const file = desk.file.value;
  const refused = desk.refused.value;
  return (
    <div class="section">
      <div class="section-head">
        <h1>Bring your texts</h1>
        <p>
          Plain text teaches a model to fill gaps. A table of texts with labels teaches it to label new ones. Nothing
          leaves this tab.
        </p>
      </div>
      <DataChooser desk={desk} isCompact={result !== undefined} />
      <Reading desk={desk} />
      {error !== undefined && (
        <ErrorNote error={error}>
          {result && <p>The data from before are still here.</p>}
          {refused && refused.format !== 'txt' && refused.format !== 'jsonl' && (
            <HeaderChoice desk={desk} file={refused} />
          )}
        </ErrorNote>
      )}
      {result && (
        <section class="card" aria-labelledby="data-name">
          <div class="card-head">
            <h2 id="data-name">{result.data.name}</h2>
            <Button kind="quiet" onClick={() => desk.remove()}>
              Remove
            </Button>
          </div>
          {result.table && file && <ColumnChoice desk={desk} table={result.table} file={file} />}
          <DataFacts result={result} />
          <div class="row">
            <Button kind="primary" onClick={() => goTo('train')}>
              Train on these texts
            </Button>
          </div>
        </section>
      )}
    </div>
  );
}

/** The room for it is there only while something is read, above what was read before. */
function Reading({ desk }: { readonly desk: DataDesk }) {
  const progress = desk.progress.value;
  if (!progress) return null;
  return (
    <div class="card" role="status">
      <div class="card-head">
        <p>
          Reading {progress.name}: <span class="number">{progress.texts.toLocaleString('en')}</span> texts
        </p>
        <Button kind="quiet" onClick={() => desk.cancel()}>
          Cancel
        </Button>
      </div>
      <Meter label="Reading" fraction={progress.fraction} />
    </div>
  );
}

function HeaderChoice({ desk, file }: { readonly desk: DataDesk; readonly file: FileSource }) {
  const { header } = file;
  return (
    <p>
      <Button onClick={() => void desk.chooseHeader(file, !header)}>
        {header ? 'Read it again: the first row is data' : 'Read it again: the first row names the columns'}
      </Button>
    </p>
  );
}
