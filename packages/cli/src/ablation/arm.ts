/** One variant with one seed in the output folder: trained a slice at a time, then scored; all of it survives a stop. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Artifact, CONFIGS, parameterCount } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import type { Answer, Session } from '../command.ts';
import { writeJsonFile } from '../evaluation-file.ts';
import { type CurvePoint, learningCurve } from '../learning-curve.ts';
import { readJson } from '../read-json.ts';
import { lineOf, parsedStep, pathOf, type RecipeStep } from '../recipe.ts';
import { type Checksums, checkInputs, expectData } from '../recipe-inputs.ts';
import type { RecipeRun } from '../recipe-run.ts';
import { RunFolder } from '../run-folder.ts';
import { readTrainedModel } from '../trained-model.ts';
import { type Arm, armName, type Plan, stepOf } from './plan.ts';
import { type ArmScore, type ScoreOptions, scoreArm } from './score.ts';

/** What is kept of an arm once it is scored. */
export interface ArmResult extends ArmScore {
  readonly parameters: number;
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly curve: readonly CurvePoint[];
}

/** Share of the budget that is spent at the end of a slice. */
const WHOLE = 1;

export class ArmRun {
  readonly arm: Arm;
  readonly #plan: Plan;
  readonly #run: RecipeRun;
  readonly #step: RecipeStep;
  /** Of what is trained here or was trained elsewhere; the path of an exported model where the variant is one. */
  readonly #folder: RunFolder;
  readonly #results: string;

  constructor(plan: Plan, arm: Arm, run: RecipeRun) {
    this.arm = arm;
    this.#plan = plan;
    this.#run = run;
    const { model } = arm.variant;
    const { recipe, config } = plan;
    const configFile = config === undefined ? undefined : `$OUT/${recipe.name}/${arm.variant.name}.config.json`;
    this.#step = stepOf(plan, arm, configFile);
    const own = `$OUT/${recipe.name}/${armName(arm)}`;
    this.#folder = new RunFolder(pathOf((model ?? own).replaceAll('$SEED', `${arm.seed}`), recipe, run));
    this.#results = pathOf(`${own}.json`, recipe, run);
  }

  /** Whether it is a run that is there already. */
  get isTrained(): boolean {
    return this.arm.variant.model !== undefined;
  }

  get #isExported(): boolean {
    return this.#folder.path.endsWith('.safetensors');
  }

  /** Checks the line before hours go into others; writes the variant's config beside the arms. */
  async prepare(): Promise<void> {
    const { config, recipe } = this.#plan;
    if (config !== undefined) {
      const preset = typeof config === 'string' ? (CONFIGS as Readonly<Record<string, object>>)[config] : config;
      if (preset === undefined) {
        throw new LacunaError(
          'invalid_recipe',
          `ablation: config must be ${Object.keys(CONFIGS).join(', ')}, got ${config}.`,
        );
      }
      const path = pathOf(`$OUT/${recipe.name}/${this.arm.variant.name}.config.json`, recipe, this.#run);
      const value = { ...preset, ...this.arm.variant.config };
      if (!existsSync(path) || readFileSync(path, 'utf8') !== `${JSON.stringify(value, null, 2)}\n`)
        writeJsonFile(path, value);
    }
    const steps = this.isTrained ? [this.#scoreStep] : [this.#step, this.#scoreStep];
    for (const step of steps) await parsedStep(step, recipe, lineOf(step, recipe, this.#run));
    expectData(steps, recipe, this.#run);
  }

  /** Trains until `share` of the minutes is spent; what was trained before counts. An answer means that it was stopped. */
  async trainTo(share: number, checksums: Checksums, session: Session): Promise<Answer | undefined> {
    if (this.result() !== undefined) return undefined;
    const { recipe } = this.#plan;
    await checkInputs(this.#step, recipe, this.#run, checksums, `${this.#folder.path}.begun.json`);
    const machine = this.#run.machine;
    const { command } = await parsedStep(this.#step, recipe, lineOf(this.#step, recipe, this.#run));
    const set = Object.fromEntries(Object.entries(machine).filter(([name]) => name in command.options));
    const resume = this.#folder.hasCheckpoint;
    if (resume && (await this.#spent()) >= share) return undefined;
    const options = { ...this.#step.options, ...set };
    const line = lineOf({ ...this.#step, options: resume ? { ...options, resume: true } : options }, recipe, this.#run);
    const { parsed } = await parsedStep(this.#step, recipe, line);
    const slice = new AbortController();
    const name = armName(this.arm);
    const progress: Session['progress'] = {
      update: (state) => {
        const training = state.label === this.#step.command;
        if (training && share < WHOLE && (state.fraction ?? 0) >= share) slice.abort();
        session.progress.update(training ? { ...state, label: name } : state);
      },
      note: (text) => session.progress.note(`${name}: ${text}`),
      clear: () => session.progress.clear(),
    };
    const signal = AbortSignal.any([session.signal, slice.signal]);
    const answer = await command.run(parsed.options, parsed.positionals, {
      json: false,
      progress,
      signal,
      given: parsed.given,
    });
    const stopped = answer.exitCode !== undefined && answer.exitCode !== 0;
    return stopped && !(slice.signal.aborted && !session.signal.aborted) ? answer : undefined;
  }

  /** Scores what was trained, unless that was done. */
  async score(session: Session): Promise<ArmResult> {
    const known = this.result();
    if (known !== undefined) return known;
    const artifact = await readTrainedModel(this.#folder.path, this.arm.variant.int8 ? 'int8' : 'none');
    const scored = await scoreArm(artifact, await this.#scoreOptions(), session);
    const head = artifact.task === 'fill-mask' ? undefined : { numLabels: artifact.labels.length };
    const { step, tokens, seconds } = this.#isExported ? exportedAfter(artifact) : lastOf(this.#folder);
    const curve = this.#isExported ? [] : learningCurve(this.#folder.path);
    const result = {
      parameters: parameterCount(artifact.config, head),
      steps: step,
      tokens,
      seconds,
      curve,
      ...scored,
    };
    writeJsonFile(this.#results, { of: this.#stamp(), ...result });
    return result;
  }

  /** What was scored before, of this very run and with these options. */
  result(): ArmResult | undefined {
    if (!existsSync(this.#results)) return undefined;
    const { of, ...result } = readJson('ablation', this.#results, 'invalid_recipe') as ArmResult & { of: unknown };
    return JSON.stringify(of) === JSON.stringify(this.#stamp()) ? result : undefined;
  }

  #stamp() {
    const path = this.#isExported ? this.#folder.path : this.#folder.checkpoint;
    const { size, mtimeMs } = existsSync(path) ? statSync(path) : { size: 0, mtimeMs: 0 };
    return { size, mtimeMs, int8: this.arm.variant.int8, score: this.#plan.score };
  }

  async #spent(): Promise<number> {
    return lastOf(this.#folder).seconds / (60 * this.#plan.minutes);
  }

  get #scoreStep(): RecipeStep {
    const options = { model: this.#folder.path, ...this.#plan.score };
    return { step: `${armName(this.arm)}, score`, command: 'evaluate', options };
  }

  async #scoreOptions(): Promise<ScoreOptions> {
    const { recipe } = this.#plan;
    const { parsed } = await parsedStep(this.#scoreStep, recipe, lineOf(this.#scoreStep, recipe, this.#run));
    // Parsed against the options of `evaluate` just above.
    return parsed.options as unknown as ScoreOptions;
  }
}

/** What an exported model says of its training; of its seconds it says nothing. */
function exportedAfter({ provenance }: Artifact) {
  const { step = 0, tokens = 0 } = (provenance ?? {}) as { readonly step?: number; readonly tokens?: number };
  return { step, tokens, seconds: 0 };
}

/** Where a run stands, out of its log: at its last checkpoint. */
function lastOf(folder: RunFolder): { step: number; tokens: number; seconds: number } {
  const lines = readFileSync(join(folder.path, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  const done = lines.findLast((line) => line.startsWith('{"type":"done"'));
  const { step, tokens, seconds } = JSON.parse(done ?? '{"step":0,"tokens":0,"seconds":0}');
  return { step, tokens, seconds };
}
