/** From an order to a run that can train: its machine is chosen, and its plan made and stored, or read again. */
import { type Budget, LacunaError, readCheckpoint, type TrainingState } from '@lacuna/core/browser-training';
import type { TrainerEvent } from './events.ts';
import type { Pull } from './inputs.ts';
import { chooseMachine, type Machine } from './machine.ts';
import type { OrderOf, TrainingOrder } from './order.ts';
import { type RunPlan, readPlan, writePlan } from './plan.ts';
import { statusOf } from './plan-size.ts';
import { type PlanningContext, plannedConfig, planPretrain } from './planning.ts';
import {
  CHECKPOINT_FILE,
  createRunFolder,
  MemoryFolder,
  openRunFolder,
  type RunFolder,
  removeRunFolder,
} from './run-folder.ts';
import { writeStatus } from './status.ts';

export interface PreparingContext {
  readonly pulls: readonly Pull[];
  readonly kernels: WebAssembly.Module;
  readonly signal: AbortSignal;
  tell(event: TrainerEvent): void;
}

export interface PreparedRun {
  readonly folder: RunFolder;
  readonly plan: RunPlan;
  readonly machine: Machine;
  readonly state: TrainingState | undefined;
}

/** The plan, new or from the run's folder, and the machine that it trains on. */
export async function prepareRun(order: TrainingOrder, context: PreparingContext): Promise<PreparedRun> {
  if (order.task === 'resume') return resumed(order, context);
  const { pulls, kernels, signal, tell } = context;
  // The steps of a classifier, a student or a model that is there cost as a small model's do, in the same order of backends.
  const config = plannedConfig(order.task === 'pretrain' && order.model === undefined ? order.config : 'small');
  const machine = await chooseMachine(order, config, kernels, signal);
  tell(machine.event);
  const { backend, lanes } = machine.event;
  const folder = order.run === undefined ? new MemoryFolder() : await createRunFolder(order.run);
  const planning = { folder, pulls, backend, lanes, signal, tell };
  try {
    const plan = await planned(order, planning);
    await writePlan(folder, plan);
    await writeStatus(folder, { ...statusOf(plan), step: 0, tokens: 0, seconds: 0, complete: false });
    return { folder, plan, machine, state: undefined };
  } catch (error) {
    // What could not begin leaves its name free, and the room that its texts took.
    if (order.run !== undefined) await removeRunFolder(order.run);
    throw error;
  }
}

async function resumed(order: OrderOf<'resume'>, { kernels, signal, tell }: PreparingContext): Promise<PreparedRun> {
  const folder = await openRunFolder(order.run);
  const stored = await readPlan(folder);
  const plan = withBudget(stored, order.budget);
  const checkpoint = await folder.read(CHECKPOINT_FILE);
  const state = checkpoint && readCheckpoint(new Uint8Array(await checkpoint.arrayBuffer())).state;
  const { backend, lanes } = plan;
  const machine = await chooseMachine({ backend, lanes, ...order }, plan.config, kernels, signal);
  tell(machine.event);
  const { event } = machine;
  if (event.backend !== backend || event.lanes !== lanes) {
    const [before, now] = [`${backend} on ${lanes} lanes`, `${event.backend} on ${event.lanes}`];
    const message = `run: ${before} before, ${now} now: it goes on, but not with the same bits.`;
    tell({ type: 'warning', code: 'checkpoint_mismatch', message });
  }
  if (plan !== stored) await writePlan(folder, plan);
  return { folder, plan, machine, state };
}

function withBudget(plan: RunPlan, budget: Budget | undefined): RunPlan {
  if (budget === undefined) return plan;
  if (plan.task === 'pretrain') return { ...plan, recipe: { ...plan.recipe, budget } };
  if (plan.task === 'distill') return { ...plan, recipe: { ...plan.recipe, budget } };
  throw new LacunaError(
    'invalid_argument',
    'trainer: expected no budget for fine-tuning, which counts epochs, got one.',
    {
      budget,
    },
  );
}

async function planned(order: Exclude<TrainingOrder, OrderOf<'resume'>>, context: PlanningContext): Promise<RunPlan> {
  switch (order.task) {
    case 'pretrain':
      return planPretrain(order, context);
    case 'distill':
      return (await import('./distilling.ts')).planDistill(order, context);
    case 'finetune':
      return (await import('./finetuning.ts')).planFinetune(order, context);
  }
}
