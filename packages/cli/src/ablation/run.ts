/** Runs a plan: every arm gets the same minutes on this machine, in slices that alternate, so that all share its moods. */
import type { Answer, Session } from '../command.ts';
import { Checksums } from '../recipe-inputs.ts';
import { checkRecipe, type RecipeRun, runRecipe } from '../recipe-run.ts';
import { ArmRun } from './arm.ts';
import { armName, armsOf, isChosen, type Plan, withEarlierPlans } from './plan.ts';
import { type AblationReport, reportOf } from './report.ts';

export interface AblationRun {
  readonly report: AblationReport;
  /** The answer of what was stopped, if anything was. */
  readonly stopped?: Pick<Answer, 'text' | 'exitCode'>;
}

/** Recipes and plans that come before are run as well. `save` gets every report, the ones on the way too. */
export async function runPlan(
  plan: Plan,
  run: RecipeRun,
  session: Session,
  save: (report: AblationReport) => void,
): Promise<AblationRun> {
  const earlier = withEarlierPlans(plan);
  for (const { recipe, plan: own } of earlier) {
    await checkRecipe(recipe, run);
    for (const arm of own ? armsOf(own) : []) await new ArmRun(own as Plan, arm, run).prepare();
  }
  for (const { recipe, plan: own } of earlier) {
    const { stopped } = await runRecipe(recipe, run, session);
    if (stopped) return { report: reportOf(plan, new Map()), stopped };
    if (own === undefined) continue;
    const done = await runArms(own, run, session, own === plan ? save : () => {});
    if (done.stopped || own === plan) return done;
  }
  throw new Error('a plan comes last among those before it');
}

async function runArms(
  plan: Plan,
  run: RecipeRun,
  session: Session,
  save: (report: AblationReport) => void,
): Promise<AblationRun> {
  const arms = armsOf(plan).map((arm) => new ArmRun(plan, arm, run));
  const checksums = new Checksums();
  const known = () => new Map(arms.map((arm) => [armName(arm.arm), arm.result()]));
  const chosen = arms.filter(({ arm }) => isChosen(plan, arm));
  const own = chosen.filter((arm) => !arm.isTrained);
  for (let slice = 1; slice <= plan.slices; slice++) {
    // Whoever came last comes first in the next turn: a machine that slows down harms both alike.
    for (const arm of slice % 2 === 1 ? own : own.toReversed()) {
      session.progress.note(`ablation: ${plan.recipe.name}, turn ${slice} of ${plan.slices}: ${armName(arm.arm)}`);
      const stopped = await arm.trainTo(slice / plan.slices, checksums, session);
      if (stopped) return { report: reportOf(plan, known()), stopped };
      if (slice < plan.slices) continue;
      await arm.score(session);
      save(reportOf(plan, known()));
    }
  }
  for (const arm of chosen) await arm.score(session);
  const report = reportOf(plan, known());
  save(report);
  return { report };
}
