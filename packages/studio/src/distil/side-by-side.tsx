/** Two models on the same held-out examples, a student and its teacher above all. */
import { type Comparison, compareModels } from '@lacuna/client/compare';
import { useSignal } from '@preact/signals';
import { Meter } from '../components/bar.tsx';
import { Button } from '../components/button.tsx';
import { SelectField } from '../components/field.tsx';
import { EmptyState, ErrorNote } from '../components/notes.tsx';
import { bytes, percent, whole } from '../format.ts';
import type { Project, StudioModel } from '../project.ts';
import { AnswersTable } from './answers-table.tsx';
import { heldOutExamples } from './held-out-examples.ts';
import { ScoresTable } from './scores-table.tsx';

interface Compared {
  readonly comparison: Comparison;
  readonly models: readonly [StudioModel, StudioModel];
  readonly sizes: readonly [number, number];
}

interface SideBySideProps {
  readonly project: Project;
  /** Chosen unless somebody chooses others: the student that was made last, and its teacher. */
  readonly student: StudioModel | undefined;
}

export function SideBySide({ project, student }: SideBySideProps) {
  const chosen = useSignal<{ readonly first?: string; readonly second?: string }>({});
  const fraction = useSignal<number | undefined>(undefined);
  const compared = useSignal<Compared | undefined>(undefined);
  const failure = useSignal<unknown>(undefined);
  const models = project.models.value;
  const examples = heldOutExamples(project.data.value);
  const second = project.model(chosen.value.second) ?? student ?? models.findLast(({ teacherId }) => teacherId);
  const first =
    project.model(chosen.value.first) ?? project.model(second?.teacherId) ?? project.chosenModel.value ?? models[0];
  const compare = async (one: StudioModel, other: StudioModel) => {
    failure.value = undefined;
    fraction.value = 0;
    try {
      const files = [await one.artifact(), await other.artifact()] as const;
      const comparison = await compareModels(files[0], files[1], examples, {
        onProgress: (done) => {
          fraction.value = done;
        },
      });
      compared.value = { comparison, models: [one, other], sizes: [files[0].size, files[1].size] };
    } catch (error) {
      compared.value = undefined;
      failure.value = error;
    } finally {
      fraction.value = undefined;
    }
  };
  if (models.length < 2) {
    return (
      <EmptyState title="Nothing to compare yet">
        <p>Two models that answer alike: a teacher and its student.</p>
      </EmptyState>
    );
  }
  const options = models.map(({ id, name }) => ({ value: id, label: name }));
  const isBusy = fraction.value !== undefined;
  const isReady = first && second && examples.length > 0;
  return (
    <>
      <div class="fields">
        <SelectField
          label="Teacher"
          value={first?.id ?? ''}
          options={options}
          disabled={isBusy}
          onChange={(id) => {
            chosen.value = { ...chosen.value, first: id };
          }}
        />
        <SelectField
          label="Student"
          value={second?.id ?? ''}
          options={second ? options : [{ value: '', label: 'Choose a model' }, ...options]}
          disabled={isBusy}
          onChange={(id) => {
            chosen.value = { ...chosen.value, second: id };
          }}
        />
      </div>
      <div class="row">
        <Button busy={isBusy} disabled={!isReady} onClick={() => first && second && void compare(first, second)}>
          Compare
        </Button>
        <span class="small muted">
          {examples.length > 0 ? `on ${examples.length} held-out texts` : <a href="#data">Choose data first</a>}
        </span>
      </div>
      {isBusy && <Meter label="Comparing" fraction={fraction.value} />}
      {failure.value !== undefined && <ErrorNote error={failure.value} />}
      {compared.value && <Result {...compared.value} />}
    </>
  );
}

function Result({ comparison, models: [first, second], sizes }: Compared) {
  const names = ['Teacher', 'Student'] as const;
  const share = (after: number, before: number) => percent(after / before, 0);
  return (
    <div class="result">
      <h3>
        {second.name} <span class="muted">beside {first.name}</span>
      </h3>
      <ScoresTable
        comparison={comparison}
        names={names}
        more={[
          { name: 'File', values: [bytes(sizes[0]), bytes(sizes[1]), share(sizes[1], sizes[0])] },
          {
            name: 'Parameters',
            values: [whole(first.parameters), whole(second.parameters), share(second.parameters, first.parameters)],
          },
        ]}
      />
      <AnswersTable answers={comparison.answers} names={names} />
    </div>
  );
}
