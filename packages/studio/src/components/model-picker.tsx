/** Which model is meant: one of those at hand, or a file from the disk. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { openModelFile } from '../model-files.ts';
import type { Project, StudioModel } from '../project.ts';
import { Button } from './button.tsx';
import { SelectField } from './field.tsx';
import { ErrorNote } from './notes.tsx';

interface ModelPickerProps {
  readonly project: Project;
  readonly label?: string;
  /** Those that may be chosen; all by default. */
  readonly models?: readonly StudioModel[];
  readonly value: StudioModel | undefined;
  readonly disabled?: boolean;
  readonly onChange: (id: string) => void;
}

export function ModelPicker({ project, label = 'Model', models, value, disabled, onChange }: ModelPickerProps) {
  const file = useRef<HTMLInputElement>(null);
  const isOpening = useSignal(false);
  const failure = useSignal<unknown>(undefined);
  const open = async (chosen: File | undefined) => {
    if (!chosen) return;
    isOpening.value = true;
    failure.value = undefined;
    try {
      onChange((await openModelFile(project, chosen)).id);
    } catch (error) {
      failure.value = error;
    } finally {
      isOpening.value = false;
    }
  };
  const offered = models ?? project.models.value;
  return (
    <div class="model-picker">
      <div class="model-picker-row">
        {offered.length > 0 && (
          <SelectField
            label={label}
            value={value?.id ?? ''}
            disabled={disabled}
            options={offered.map((model) => ({ value: model.id, label: optionOf(model) }))}
            onChange={onChange}
          />
        )}
        <Button busy={isOpening.value} disabled={disabled} onClick={() => file.current?.click()}>
          {isOpening.value ? 'Opening…' : 'Open a file'}
        </Button>
        <input
          ref={file}
          type="file"
          accept=".safetensors"
          hidden
          aria-label="Model file"
          onChange={(event) => {
            void open(event.currentTarget.files?.[0]);
            event.currentTarget.value = ''; // the same file can be chosen again
          }}
        />
      </div>
      {failure.value !== undefined && <ErrorNote error={failure.value} />}
    </div>
  );
}

function optionOf({ name, task }: StudioModel): string {
  return `${name} · ${task === 'fill-mask' ? 'fills gaps' : 'labels texts'}`;
}
