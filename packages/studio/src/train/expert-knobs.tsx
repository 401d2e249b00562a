/** The knobs that most runs leave alone: what is empty is as the preset and the data say. */
import type { BackendName } from '@lacuna/client/training';
import { SelectField, TextField } from '../components/field.tsx';
import { type Goal, type Knobs, knobProblem, type NumericKnob, SIZES, type Size } from './choices.ts';

interface ExpertKnobsProps {
  readonly goal: Goal;
  /** Whether a model of a new shape is trained. */
  readonly fresh: boolean;
  readonly knobs: Knobs;
  readonly onChange: (knobs: Knobs) => void;
}

const SIZE_HINTS: Readonly<Record<Size, string>> = {
  tiny: 'tiny: 64 wide, 2 + 2 layers',
  small: 'small: 128 wide, 3 + 3 layers',
  base: 'base: 192 wide, 6 + 4 layers',
};

export function ExpertKnobs({ goal, fresh, knobs, onChange }: ExpertKnobsProps) {
  const number = (knob: NumericKnob, label: string, hint: string) => {
    const problem = knobProblem(knob, knobs[knob]);
    return (
      <TextField
        key={knob}
        label={label}
        hint={problem ?? hint}
        inputMode="decimal"
        placeholder="as the preset says"
        value={knobs[knob]}
        invalid={problem !== undefined}
        onInput={(value) => onChange({ ...knobs, [knob]: value })}
      />
    );
  };
  const learnsLanguage = goal !== 'label';
  const learnsLabels = goal !== 'fill';
  return (
    <div class="fields">
      {fresh && (
        <SelectField<Size | ''>
          label="Size"
          value={knobs.size}
          options={[
            { value: '', label: 'As time and text allow' },
            ...SIZES.map((size) => ({ value: size, label: SIZE_HINTS[size] })),
          ]}
          onChange={(size) => onChange({ ...knobs, size })}
        />
      )}
      {fresh && number('vocabulary', 'Vocabulary', 'Pieces; fewer where the text has no more.')}
      {learnsLanguage && number('minutes', 'Minutes', 'In place of the preset’s.')}
      {learnsLabels && number('epochs', 'Epochs', 'Rounds over all rows.')}
      {number('learningRate', 'Learning rate', 'Its peak.')}
      {learnsLanguage && number('ratio', 'Ratio', 'Share of tokens that are taken out, 0.05 to 0.95.')}
      {number('batch', 'Batch', learnsLanguage ? 'Tokens a step.' : 'Texts a step.')}
      {number('length', 'Length', 'Tokens of the longest text.')}
      {number('seed', 'Seed', 'The same seed gives the same run.')}
      {number('lanes', 'Lanes', 'Workers that share a batch; one less than there are cores by default.')}
      <SelectField<BackendName | 'auto'>
        label="Backend"
        value={knobs.backend}
        options={[
          { value: 'auto', label: 'Whatever is fastest' },
          { value: 'wasm', label: 'WebAssembly' },
          { value: 'webgpu', label: 'WebGPU' },
        ]}
        onChange={(backend) => onChange({ ...knobs, backend })}
      />
    </div>
  );
}
