/** How large a plan's model is. Apart from the plan itself, which a page reads without what counts parameters. */
import { parameterCount } from '@lacuna/core/browser-training';
import { headOf, type RunPlan } from './plan.ts';

/** What every status of the run says of it. */
export function statusOf(plan: RunPlan): { readonly task: RunPlan['task']; readonly parameters: number } {
  return { task: plan.task, parameters: parameterCount(plan.config, headOf(plan)) };
}
