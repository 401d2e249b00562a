/** Which columns of a table are read: the guess can be put right. */
import { SelectField } from '../components/field.tsx';
import type { DataDesk } from './data-desk.ts';
import type { FileSource, ReadResult } from './source.ts';

/** No column has this name: a header's cells are trimmed. */
const NONE = ' ';

interface ColumnChoiceProps {
  readonly desk: DataDesk;
  readonly file: FileSource;
  readonly table: NonNullable<ReadResult['table']>;
}

export function ColumnChoice({ desk, file, table: { columns, chosen } }: ColumnChoiceProps) {
  const options = columns.map((column) => ({ value: column, label: column }));
  return (
    <div class="fields">
      <SelectField
        label="Text column"
        value={chosen.text}
        options={options}
        onChange={(text) => void desk.chooseColumns({ text, label: chosen.label === text ? undefined : chosen.label })}
      />
      <SelectField
        label="Label column"
        value={chosen.label ?? NONE}
        options={[{ value: NONE, label: 'None: plain text' }, ...options.filter(({ value }) => value !== chosen.text)]}
        onChange={(label) => void desk.chooseColumns({ text: chosen.text, label: label === NONE ? undefined : label })}
      />
      {file.format !== 'jsonl' && (
        <label class="check">
          <input
            type="checkbox"
            checked={file.header}
            onChange={(event) => void desk.chooseHeader(file, event.currentTarget.checked)}
          />
          The first row names the columns
        </label>
      )}
    </div>
  );
}
