/** Ways to bring texts in: drop or choose a file, paste, or take the stories that Studio can write. */
import { useRef, useState } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Field } from '../components/field.tsx';
import type { DataDesk } from './data-desk.ts';

const ACCEPT = '.txt,.text,.md,.csv,.tsv,.jsonl,.gz';

interface DataChooserProps {
  readonly desk: DataDesk;
  /** Whether there are data already. */
  readonly isCompact: boolean;
}

export function DataChooser({ desk, isCompact }: DataChooserProps) {
  const [isOver, setOver] = useState(false);
  const [isPasting, setPasting] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void desk.openFiles([...(event.dataTransfer?.files ?? [])]);
  };
  const choose = (event: Event & { currentTarget: HTMLInputElement }) => {
    void desk.openFiles([...(event.currentTarget.files ?? [])]);
    event.currentTarget.value = ''; // the same file may be chosen again
  };
  return (
    <section
      class={`dropzone${isCompact ? ' compact' : ''}${isOver ? ' over' : ''}`}
      aria-label="Choose data"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <p class="dropzone-title">{isCompact ? 'Use other data' : 'Drop a file here'}</p>
      {!isCompact && <p class="muted small">.txt, .csv, .tsv or .jsonl, also packed as .gz. A line is a text.</p>}
      <div class="row dropzone-ways">
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          tabIndex={-1}
          accept={ACCEPT}
          aria-label="Data file"
          onChange={choose}
        />
        <Button kind={isCompact ? 'plain' : 'primary'} onClick={() => input.current?.click()}>
          Choose a file
        </Button>
        <Button onClick={() => setPasting(!isPasting)} pressed={isPasting}>
          Paste text
        </Button>
        <Button onClick={() => void desk.openEmbedded()}>Use the embedded stories</Button>
      </div>
      {isPasting && <PasteForm desk={desk} onDone={() => setPasting(false)} />}
    </section>
  );
}

function PasteForm({ desk, onDone }: { readonly desk: DataDesk; readonly onDone: () => void }) {
  const [text, setText] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    void desk.openText(text);
    onDone();
  };
  return (
    <form class="paste" onSubmit={submit}>
      <Field label="Text" hint="A paragraph a line; or rows of a table, with tabs or as JSON lines.">
        {({ id, describedBy }) => (
          <textarea
            id={id}
            aria-describedby={describedBy}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="row">
        <Button kind="primary" type="submit" disabled={text.trim() === ''}>
          Use this text
        </Button>
      </div>
    </form>
  );
}
