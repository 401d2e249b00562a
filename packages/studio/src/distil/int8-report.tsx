/** What int8 costs a model: in its weights tensor by tensor, and in what it answers. */
import { type Comparison, compareModels, int8Report, type QuantizationReport } from '@lacuna/client/compare';
import { useSignal } from '@preact/signals';
import { Meter } from '../components/bar.tsx';
import { Button } from '../components/button.tsx';
import { SelectField } from '../components/field.tsx';
import { Fold } from '../components/fold.tsx';
import { EmptyState, ErrorNote } from '../components/notes.tsx';
import { Scrolling } from '../components/scrolling.tsx';
import { bytes, percent } from '../format.ts';
import type { Project, StudioModel } from '../project.ts';
import { heldOutExamples } from './held-out-examples.ts';
import { ScoresTable } from './scores-table.tsx';

interface Report {
  readonly of: StudioModel;
  readonly weights: QuantizationReport;
  /** Absent where there is no held-out data. */
  readonly answers?: Comparison;
  /** Of the float file and the int8 file. */
  readonly sizes: readonly [number, number];
}

export function Int8Report({ project }: { readonly project: Project }) {
  const chosen = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  const fraction = useSignal<number | undefined>(undefined);
  const report = useSignal<Report | undefined>(undefined);
  const failure = useSignal<unknown>(undefined);
  // Of the site's models only the int8 files are there.
  const models = project.models.value.filter(({ id }) => !id.startsWith('site:'));
  const latest = models.find(({ id }) => id === project.chosen.value) ?? models.at(-1);
  const model = models.find(({ id }) => id === chosen.value) ?? latest;
  if (!model) {
    return (
      <EmptyState title="No float weights yet">
        <p>The models of this site hold int8 weights only. Train one, or distil one, and see what int8 costs it.</p>
      </EmptyState>
    );
  }
  const measure = async (of: StudioModel) => {
    isBusy.value = true;
    failure.value = undefined;
    try {
      const files = [await of.artifact('none'), await of.artifact('int8')] as const;
      const weights = await int8Report(files[0]);
      const examples = heldOutExamples(project.data.value);
      const onProgress = (done: number) => {
        fraction.value = done;
      };
      const answers =
        examples.length > 0 ? await compareModels(files[0], files[1], examples, { onProgress }) : undefined;
      report.value = { of, weights, ...(answers ? { answers } : {}), sizes: [files[0].size, files[1].size] };
    } catch (error) {
      report.value = undefined;
      failure.value = error;
    } finally {
      isBusy.value = false;
      fraction.value = undefined;
    }
  };
  return (
    <>
      <div class="model-picker-row">
        <SelectField
          label="Model"
          value={model.id}
          disabled={isBusy.value}
          options={models.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(id) => {
            chosen.value = id;
          }}
        />
        <Button busy={isBusy.value} onClick={() => void measure(model)}>
          Measure
        </Button>
      </div>
      {isBusy.value && <Meter label="Measuring" fraction={fraction.value} />}
      {failure.value !== undefined && <ErrorNote error={failure.value} />}
      {report.value && <ReportView {...report.value} />}
    </>
  );
}

function ReportView({ of, weights, answers, sizes }: Report) {
  return (
    <div class="result">
      <h3>{of.name}</h3>
      <dl class="facts">
        <div>
          <dt>Rounding, share of the weights’ norm</dt>
          <dd>{percent(weights.relativeError, 2)}</dd>
        </div>
        <div>
          <dt>File, float32</dt>
          <dd>{bytes(sizes[0])}</dd>
        </div>
        <div>
          <dt>File, int8</dt>
          <dd>{bytes(sizes[1])}</dd>
        </div>
      </dl>
      {answers ? (
        <ScoresTable comparison={answers} names={['float32', 'int8']} />
      ) : (
        <p class="small muted">
          <a href="#data">Choose data</a> to see what it changes in the answers.
        </p>
      )}
      <Fold title={`Tensor by tensor (${weights.tensors.length})`}>
        <Scrolling label="Error of every tensor">
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">Tensor</th>
                <th scope="col">Shape</th>
                <th scope="col">Relative error</th>
                <th scope="col">Largest error</th>
                <th scope="col">float32</th>
                <th scope="col">int8</th>
              </tr>
            </thead>
            <tbody>
              {weights.tensors.map(({ name, shape, relativeError, maxError, floatBytes, int8Bytes }) => (
                <tr key={name}>
                  <th scope="row">
                    <code>{name}</code>
                  </th>
                  <td>{shape.join(' × ')}</td>
                  <td>{percent(relativeError, 2)}</td>
                  <td>{maxError.toPrecision(2)}</td>
                  <td>{bytes(floatBytes)}</td>
                  <td>{bytes(int8Bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
      </Fold>
    </div>
  );
}
