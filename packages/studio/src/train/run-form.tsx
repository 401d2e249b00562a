/** Before a run: what to learn, from which model, for how long; the rest behind a fold. */
import { useState } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { SelectField, TextField } from '../components/field.tsx';
import { Fold } from '../components/fold.tsx';
import { Note } from '../components/notes.tsx';
import type { DataSet, Project } from '../project.ts';
import {
  type Choices,
  firstProblem,
  freshName,
  type Goal,
  goalsFor,
  NO_KNOBS,
  nameProblem,
  PRESETS,
  type PresetId,
} from './choices.ts';
import { ExpertKnobs } from './expert-knobs.tsx';
import { plannedText } from './planned-text.ts';
import { languageRun } from './run-steps.ts';
import type { TrainDesk } from './train-desk.ts';

const GOALS: Readonly<Record<Goal, { readonly title: string; readonly hint: string }>> = {
  fill: { title: 'Fill gaps', hint: 'Learns the language of the texts by guessing words that were taken out.' },
  label: { title: 'Label texts', hint: 'Starts from a model that knows the language, and learns your labels.' },
  both: { title: 'Label texts, from nothing', hint: 'Learns the language of your texts first, then the labels.' },
};

/** In place of a model's id. */
const NOTHING = '';

interface RunFormProps {
  readonly project: Project;
  readonly desk: TrainDesk;
  readonly data: DataSet;
}

export function RunForm({ project, desk, data }: RunFormProps) {
  const taken = (desk.runs.value ?? []).map(({ run }) => run);
  const goals = goalsFor(data);
  const bases = project.models.value.filter(({ task }) => task === 'fill-mask');
  const [goal, setGoal] = useState<Goal>(goals[0] as Goal);
  const [preset, setPreset] = useState<PresetId>('short');
  const [name, setName] = useState<string>();
  const [baseId, setBaseId] = useState(bases[0]?.id ?? '');
  const [fillBaseId, setFillBaseId] = useState(NOTHING);
  const [knobs, setKnobs] = useState(NO_KNOBS);
  const run = name ?? freshName(data, taken);
  const base =
    goal === 'fill' ? bases.find(({ id }) => id === fillBaseId) : (bases.find(({ id }) => id === baseId) ?? bases[0]);
  const choices: Choices = { goal, preset, run, base, knobs };
  const problem = nameProblem(run, taken) ?? (goal === 'both' ? nameProblem(languageRun(run), taken) : undefined);
  const elsewhere = project.activity.value;
  const isReady =
    problem === undefined && firstProblem(knobs) === undefined && desk.runs.value !== undefined && !elsewhere;
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isReady) return;
    setName(undefined);
    void desk.start(data, choices);
  };
  return (
    <form class="card" onSubmit={submit} aria-labelledby="form-title">
      <h2 id="form-title">A new run on {data.name}</h2>
      {goals.length > 1 && (
        <fieldset class="choices">
          <legend>What to learn</legend>
          {goals.map((id) => (
            <Choice key={id} name="goal" checked={id === goal} onSelect={() => setGoal(id)} {...GOALS[id]} />
          ))}
        </fieldset>
      )}
      {goal === 'label' && (
        <SelectField
          label="Start from"
          value={base?.id ?? ''}
          options={bases.map((model) => ({ value: model.id, label: model.name }))}
          hint={base?.description ?? 'A model that fills gaps.'}
          onChange={setBaseId}
        />
      )}
      {goal === 'fill' && bases.length > 0 && (
        <SelectField
          label="Start from"
          value={base?.id ?? NOTHING}
          options={[
            { value: NOTHING, label: 'Nothing' },
            ...bases.map((model) => ({ value: model.id, label: model.name })),
          ]}
          hint={base?.description ?? 'A model that knows the language already learns more of little text.'}
          onChange={setFillBaseId}
        />
      )}
      <fieldset class="choices">
        <legend>How long</legend>
        {PRESETS.map(({ id, title, hint }) => (
          <Choice
            key={id}
            name="preset"
            title={title}
            hint={hint}
            checked={id === preset}
            onSelect={() => setPreset(id)}
          />
        ))}
      </fieldset>
      <TextField label="Name of the run" value={run} invalid={problem !== undefined} hint={problem} onInput={setName} />
      <Fold title="For experts">
        <ExpertKnobs
          goal={goal}
          fresh={goal === 'both' || (goal === 'fill' && !base)}
          knobs={knobs}
          onChange={setKnobs}
        />
      </Fold>
      <p class="muted small">{firstProblem(knobs) ?? plannedText(data, choices)}</p>
      {elsewhere && <Note>{elsewhere.what} computes right now. One thing trains at a time.</Note>}
      <div class="row">
        <Button kind="primary" type="submit" disabled={!isReady}>
          Start training
        </Button>
      </div>
    </form>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly title: string;
  readonly hint: string;
  readonly checked: boolean;
  readonly onSelect: () => void;
}

function Choice({ name, title, hint, checked, onSelect }: ChoiceProps) {
  return (
    <label class="choice">
      <input type="radio" name={name} checked={checked} onChange={onSelect} />
      <span>
        <span class="choice-title">{title}</span>
        <span class="choice-hint">{hint}</span>
      </span>
    </label>
  );
}
