/** Choosing a student: its teacher, its shape, and how long it learns. */
import type { StudentShape } from '@lacuna/core';
import { studentConfig } from '@lacuna/core';
import { useSignal } from '@preact/signals';
import { Button } from '../components/button.tsx';
import { SelectField, TextField } from '../components/field.tsx';
import { ModelPicker } from '../components/model-picker.tsx';
import { EmptyState, ErrorNote, Note } from '../components/notes.tsx';
import { whole } from '../format.ts';
import { heldOutTexts, type Project, type StudioModel } from '../project.ts';
import { classifierOrder, fillMaskOrder } from './distil-order.ts';
import type { Distillation } from './distillation.ts';
import { Estimate } from './estimate.tsx';
import { shapeChoices } from './student-shape.ts';

/** Timed where there is no data yet. */
const SOME_TEXT = 'The river flows into the sea, and the old town lies on its left bank.';

interface StudentFormProps {
  readonly project: Project;
  readonly distillation: Distillation;
}

export function StudentForm({ project, distillation }: StudentFormProps) {
  const teacherId = useSignal<string | undefined>(undefined);
  const refusal = useSignal<unknown>(undefined);
  const teacher = project.model(teacherId.value) ?? project.chosenModel.value ?? project.models.value[0];
  const data = project.data.value;
  const isBusy = project.activity.value !== undefined;
  const start = async (of: StudioModel, order: ReturnType<typeof fillMaskOrder>) => {
    refusal.value = undefined;
    // The student is chosen when it is done; its teacher stays the teacher.
    teacherId.value = of.id;
    try {
      await distillation.start(of, await order, data?.name);
    } catch (error) {
      refusal.value = error;
    }
  };
  const text = (data && heldOutTexts(data)[0]) || SOME_TEXT;
  const starting = { project, isBusy, text, data };
  return (
    <>
      <ModelPicker
        project={project}
        label="Teacher"
        value={teacher}
        disabled={isBusy}
        onChange={(id) => {
          teacherId.value = id;
        }}
      />
      {!teacher && (
        <EmptyState title="No teacher yet">
          <p>
            <a href="#train">Train a model</a> first, or open a file.
          </p>
        </EmptyState>
      )}
      {teacher?.task === 'fill-mask' && (
        <FillMaskStudent
          key={teacher.id}
          {...starting}
          teacher={teacher}
          onStart={(shape, minutes) => data && void start(teacher, fillMaskOrder(teacher, data, shape, minutes))}
        />
      )}
      {teacher?.task === 'classification' && (
        <ClassifierStudent
          key={teacher.id}
          {...starting}
          teacher={teacher}
          onStart={(choice) => data?.kind === 'labelled' && void start(teacher, classifierOrder(teacher, data, choice))}
        />
      )}
      {refusal.value !== undefined && <ErrorNote error={refusal.value} />}
      {isBusy && !distillation.isRunning && (
        <Note>{project.activity.value?.what} is under way. One run at a time trains in this tab.</Note>
      )}
    </>
  );
}

interface StudentProps {
  readonly project: Project;
  readonly teacher: StudioModel;
  readonly data: Project['data']['value'];
  readonly text: string;
  readonly isBusy: boolean;
}

interface FillMaskStudentProps extends StudentProps {
  readonly onStart: (shape: StudentShape, minutes: number) => void;
}

function FillMaskStudent({ teacher, data, text, isBusy, onStart }: FillMaskStudentProps) {
  const choices = shapeChoices(teacher.config);
  const half = studentConfig(teacher.config);
  const encoder = useSignal(half.numHiddenLayers);
  const decoder = useSignal(half.numDecoderLayers);
  const width = useSignal(teacher.config.hiddenSize);
  const minutes = useSignal('2');
  const isMasked = choices.decoder.length === 0;
  const shape: StudentShape = {
    encoder: encoder.value,
    ...(isMasked ? {} : { decoder: decoder.value }),
    hiddenSize: width.value,
  };
  const budget = Number(minutes.value.replace(',', '.'));
  const isBudget = Number.isFinite(budget) && budget > 0 && budget <= 1440;
  const isNarrow = width.value !== teacher.config.hiddenSize;
  return (
    <>
      <div class="fields">
        <NumberSelect label="Encoder layers" choices={choices.encoder} value={encoder} disabled={isBusy} />
        {!isMasked && (
          <NumberSelect label="Decoder layers" choices={choices.decoder} value={decoder} disabled={isBusy} />
        )}
        <NumberSelect
          label="Width"
          choices={choices.hiddenSize}
          value={width}
          disabled={isBusy}
          hint={isNarrow ? 'Starts from random weights: the teacher’s layers fit its own width only.' : undefined}
        />
        <TextField
          label="Minutes"
          inputMode="decimal"
          value={minutes.value}
          disabled={isBusy}
          invalid={!isBudget}
          hint={isBudget ? undefined : 'A number above 0, 1440 at most.'}
          onInput={(value) => {
            minutes.value = value;
          }}
        />
      </div>
      <Estimate teacher={teacher} config={studentConfig(teacher.config, shape)} text={text} />
      {!data && <NeedsData>Distilling takes text: the student learns what its teacher says of it.</NeedsData>}
      <div class="row">
        <Button kind="primary" disabled={!data || isBusy || !isBudget} onClick={() => onStart(shape, budget)}>
          Start distilling
        </Button>
        {data && <span class="small muted">on {data.name}</span>}
      </div>
    </>
  );
}

interface ClassifierStudentProps extends StudentProps {
  readonly onStart: (choice: Parameters<typeof classifierOrder>[2]) => void;
}

function ClassifierStudent({ project, teacher, data, text, isBusy, onStart }: ClassifierStudentProps) {
  const baseId = useSignal<string | undefined>(undefined);
  const epochs = useSignal(3);
  const variants = useSignal(0);
  // It must read texts as its teacher does; whether the pieces are the same as well is seen when the files are read.
  const { vocabSize } = teacher.config;
  const bases = project.models.value.filter(
    ({ task, config }) => task === 'fill-mask' && config.vocabSize === vocabSize,
  );
  const smallest = [...bases].sort((a, b) => a.parameters - b.parameters)[0];
  const base = bases.find(({ id }) => id === baseId.value) ?? smallest;
  const isLabelled = data?.kind === 'labelled';
  return (
    <>
      <p class="small muted">
        The student is made of a smaller model that fills gaps, with the teacher’s vocabulary. It learns what the
        teacher answers, of your texts and of variants of them in which gaps are filled anew.
      </p>
      <div class="fields">
        {base && (
          <SelectField
            label="Made of"
            value={base.id}
            disabled={isBusy}
            options={bases.map(({ id, name }) => ({ value: id, label: name }))}
            onChange={(id) => {
              baseId.value = id;
            }}
          />
        )}
        <NumberSelect label="Passes over the data" choices={[1, 2, 3, 5, 10]} value={epochs} disabled={isBusy} />
        <NumberSelect label="Variants of each text" choices={[0, 1, 2, 5]} value={variants} disabled={isBusy} />
      </div>
      {base ? (
        <Estimate teacher={teacher} config={{ ...base.config, maxPositionEmbeddings: 128 }} text={text} />
      ) : (
        <EmptyState title="Nothing to make a student of">
          <p>
            A student reads texts as its teacher does: it takes a model that fills gaps with the same vocabulary of{' '}
            {whole(vocabSize)} pieces. Distil the model that the teacher was made of first.
          </p>
        </EmptyState>
      )}
      {!isLabelled && (
        <NeedsData>Distilling a classifier takes labelled texts: a table with a text and a label.</NeedsData>
      )}
      <div class="row">
        <Button
          kind="primary"
          disabled={!isLabelled || !base || isBusy}
          onClick={() => base && onStart({ base, epochs: epochs.value, variants: variants.value })}
        >
          Start distilling
        </Button>
        {isLabelled && <span class="small muted">on {data.name}</span>}
      </div>
    </>
  );
}

function NeedsData({ children }: { readonly children: string }) {
  return (
    <Note>
      <p>
        {children} <a href="#data">Choose data</a>.
      </p>
    </Note>
  );
}

interface NumberSelectProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly choices: readonly number[];
  readonly value: { value: number };
  readonly disabled: boolean;
}

function NumberSelect({ label, hint, choices, value, disabled }: NumberSelectProps) {
  return (
    <SelectField
      label={label}
      hint={hint}
      value={String(value.value)}
      disabled={disabled}
      options={choices.map((choice) => ({ value: String(choice), label: String(choice) }))}
      onChange={(chosen) => {
        value.value = Number(chosen);
      }}
    />
  );
}
