/** `lacuna ablation`: variants of a model or its training compared at equal time on one machine. */
import { armsOf, isChosen, openPlan, type Plan, shippedPlans, stepOf } from '../ablation/plan.ts';
import { type AblationReport, reportText } from '../ablation/report.ts';
import { runPlan } from '../ablation/run.ts';
import { type Answer, defineCommand, UsageError } from '../command.ts';
import { writeEvaluation } from '../evaluation-file.ts';
import { MACHINE_OPTIONS } from '../pretrain-options.ts';
import { lineOf, shellLine } from '../recipe.ts';

const { lanes, backend } = MACHINE_OPTIONS;

export const ablation = defineCommand({
  name: 'ablation',
  about:
    'run NAME trains the variants of a plan for the same minutes each, in turns, with several seeds, scores them on the same ' +
    'held-out windows or texts, and gives the differences from the control with 95 % intervals: by Student’s t over seeds, ' +
    'and by a paired bootstrap over windows or texts. Stopped, it goes on when given again. ' +
    'list shows the plans, show NAME the command lines of one.',
  positionals: ['ACTION', '[NAME]'],
  options: {
    data: { kind: 'text', value: 'DIR', about: 'run: the folder that $DATA stands for in the plan', default: '.' },
    out: { kind: 'text', value: 'DIR', about: 'run: the folder for all that is made', default: 'runs' },
    minutes: {
      kind: 'number',
      about: 'run: of training, each variant and seed (default: as the plan says)',
      min: 0.001,
    },
    seeds: { kind: 'list', value: 'SEED', about: 'run: in place of those of the plan' },
    variants: { kind: 'list', value: 'NAME', about: 'run these alone; what was run of the others before is told too' },
    slices: { kind: 'integer', about: 'run: turns that each takes (default: as the plan says)', min: 1, max: 1000 },
    lanes: {
      kind: 'integer',
      about: 'run: worker threads (default: as the plan says)',
      min: lanes.min,
      max: lanes.max,
    },
    backend: { kind: 'choice', choices: backend.choices, about: 'run: the backend (default: as the plan says)' },
    result: { kind: 'text', value: 'FILE', about: 'run: keep the result in this file as well, for the results page' },
  },
  examples: [
    'lacuna ablation list',
    'lacuna ablation run tour --out runs --minutes 0.25',
    'lacuna ablation run pretraining --data texts --out runs --lanes 2 --result bench/ablations/pretraining.json',
  ],
  async run(options, [action, name], session) {
    if (action === 'list' && name === undefined) return list();
    if (name === undefined || (action !== 'run' && action !== 'show')) {
      const got = [action, name].filter(Boolean).join(' ');
      throw new UsageError(`ablation: expected list, show NAME or run NAME, got ${got}.`);
    }
    const stored = openPlan(name);
    const plan: Plan = {
      ...stored,
      minutes: options.minutes ?? stored.minutes,
      slices: options.slices ?? stored.slices,
      seeds: options.seeds === undefined ? stored.seeds : seedsOf(options.seeds),
      chosen: options.variants === undefined ? stored.chosen : variantsOf(options.variants, stored),
    };
    if (action === 'show') return show(plan);
    const { data, out, lanes: count, backend: on, result } = options;
    const machine = { ...(count === undefined ? {} : { lanes: count }), ...(on === undefined ? {} : { backend: on }) };
    const save = (report: AblationReport) => {
      writeEvaluation(`${out}/${plan.recipe.name}.ablation.json`, { ...report });
      if (result !== undefined) writeEvaluation(result, { ...report });
    };
    const { report, stopped } = await runPlan(plan, { data, out, machine, remake: [] }, session, save);
    if (stopped) {
      const next = `The same line goes on: lacuna ablation run ${name} …`;
      return { fields: { ...report }, exitCode: stopped.exitCode ?? 1, text: `${stopped.text}\n${next}` };
    }
    return { fields: { ...report }, text: reportText(report) };
  },
});

function list(): Answer {
  const plans = shippedPlans();
  return {
    fields: {
      plans: plans.map(({ recipe, minutes, seeds, variants }) => ({
        name: recipe.name,
        about: recipe.about,
        minutes,
        seeds,
        variants: variants.map((variant) => variant.name),
      })),
    },
    text: plans.map(({ recipe }) => `${recipe.name.padEnd(20)}${recipe.about}`).join('\n'),
  };
}

function show(plan: Plan): Answer {
  const places = { data: '$DATA', out: '$OUT' };
  const { recipe } = plan;
  const prepared = recipe.steps.map((step) => [step.command, ...lineOf(step, recipe, places)]);
  const trained = armsOf(plan)
    .filter((arm) => isChosen(plan, arm) && arm.variant.model === undefined)
    .map((arm) => {
      const config = plan.config === undefined ? undefined : `$OUT/${recipe.name}/${arm.variant.name}.config.json`;
      const step = stepOf(plan, arm, config);
      return [step.command, ...lineOf(step, recipe, places)];
    });
  const lines = [...prepared, ...trained].map((words) => `lacuna ${shellLine(words)}`);
  return { fields: { lines }, text: lines.join('\n') };
}

function variantsOf(names: readonly string[], { chosen: known }: Plan): readonly string[] {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new UsageError(`ablation: --variants must be out of ${known.join(', ')}, got ${unknown}.`);
}

function seedsOf(words: readonly string[]): number[] {
  const seeds = words.map(Number);
  if (seeds.every((seed) => Number.isInteger(seed) && seed >= 0) && new Set(seeds).size === seeds.length) return seeds;
  throw new UsageError(`ablation: --seeds must be different whole numbers, got ${words.join(' ')}.`);
}
