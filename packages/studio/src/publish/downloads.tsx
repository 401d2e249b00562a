/** The model's file and its card, to keep. */
import type { LocalModel } from '@lacuna/client/local';
import { useSignal } from '@preact/signals';
import { Button } from '../components/button.tsx';
import { Fold } from '../components/fold.tsx';
import { ErrorNote } from '../components/notes.tsx';
import { Scrolling } from '../components/scrolling.tsx';
import type { StudioModel } from '../project.ts';

export type Format = 'int8' | 'none';

interface DownloadsProps {
  readonly model: StudioModel;
  /** What the file says of itself, once it was read. */
  readonly facts: LocalModel | undefined;
  readonly name: string;
  readonly card: string | undefined;
}

export function Downloads({ model, facts, name, card }: DownloadsProps) {
  const failure = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);
  const save = async (quantization: Format) => {
    isBusy.value = true;
    failure.value = undefined;
    try {
      offer(await model.artifact(quantization), `${name}${quantization === 'none' ? '-float32' : ''}.safetensors`);
    } catch (error) {
      failure.value = error;
    } finally {
      isBusy.value = false;
    }
  };
  // What came as a file is offered as it came.
  const hasBoth = model.id.startsWith('run:');
  return (
    <>
      <div class="row">
        <Button busy={isBusy.value} disabled={!facts} onClick={() => void save('int8')}>
          {hasBoth || facts?.quantization !== 'none' ? 'Download int8' : 'Download float32'}
        </Button>
        {hasBoth && (
          <Button busy={isBusy.value} disabled={!facts} onClick={() => void save('none')}>
            Download float32
          </Button>
        )}
        <Button
          disabled={card === undefined}
          onClick={() => offer(new Blob([card ?? ''], { type: 'text/markdown' }), `${name}.md`)}
        >
          Download the card
        </Button>
      </div>
      {failure.value !== undefined && <ErrorNote error={failure.value} />}
      <Fold title="Read the card">
        <Scrolling label="Model card" class="code-block">
          <pre>{card ?? 'Reading the file…'}</pre>
        </Scrolling>
      </Fold>
    </>
  );
}

function offer(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The download has begun by then, and keeps the file.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
