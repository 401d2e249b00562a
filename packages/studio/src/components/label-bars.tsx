/** A classifier's labels as bars, best first: the likeliest of many, and those that the model's own threshold lets through. */
import type { LabelScore } from '@lacuna/client';
import { useSignal } from '@preact/signals';
import { percent } from '../format.ts';
import { Bar } from './bar.tsx';
import { Button } from './button.tsx';

/** Of a model of many labels these come first. */
const FIRST = 8;

interface LabelBarsProps {
  readonly labels: readonly LabelScore[];
  /** The model's own least score of a label, where it has one. */
  readonly threshold?: number | null;
}

export function LabelBars({ labels, threshold = null }: LabelBarsProps) {
  const isWhole = useSignal(false);
  const given = threshold === null ? undefined : labels.filter(({ score }) => score >= threshold).length;
  const shown = isWhole.value ? labels : labels.slice(0, FIRST);
  return (
    <>
      {threshold !== null && (
        <p class="small">
          {given === 0 ? 'None of these labels: no score reaches' : `Given: ${given} of ${labels.length}, from`} the
          model’s threshold of <span class="number">{percent(threshold)}</span>
          {given === 0 ? '.' : ' on.'}
        </p>
      )}
      <div class="label-bars">
        {shown.map(({ label, score }) => (
          <div key={label} class={threshold !== null && score < threshold ? 'label-below' : ''}>
            <Bar label={label} share={score} value={percent(score)} />
          </div>
        ))}
      </div>
      {labels.length > FIRST && (
        <Button
          onClick={() => {
            isWhole.value = !isWhole.value;
          }}
        >
          {isWhole.value ? `The ${FIRST} likeliest` : `All ${labels.length} labels`}
        </Button>
      )}
    </>
  );
}
