/** The options that let a classifier's answers begin at a threshold, which is chosen on texts that are not scored. */
import { type Options, UsageError, type Values } from './command.ts';

export const THRESHOLD_OPTIONS = {
  dev: {
    kind: 'text',
    value: 'FILE',
    about: 'other labelled examples, on which to choose a threshold: for several labels a text, or with --out-of-scope',
  },
  outOfScope: {
    kind: 'text',
    value: 'NAME',
    about: 'what stands in place of a label where a text has none, e.g. oos: such texts are to be turned away',
  },
  outOfScopeShare: {
    kind: 'number',
    about:
      'with --out-of-scope: the share of such texts in use, for which the threshold is chosen (default: as in --dev)',
    min: 0.001,
    max: 0.999,
  },
} as const satisfies Options;

/** Throws `invalid_argument` where the two do not go with each other or with the labels. */
export function expectThresholdOptions(
  command: string,
  { dev, outOfScope, outOfScopeShare }: Values<typeof THRESHOLD_OPTIONS>,
  multiLabel: boolean,
): void {
  if (outOfScope !== undefined && multiLabel) {
    throw new UsageError(
      `${command}: --out-of-scope must stand with one label a text, got a classifier of several. A text may have none there.`,
    );
  }
  if (outOfScopeShare !== undefined && outOfScope === undefined) {
    throw new UsageError(`${command}: --out-of-scope-share must stand with --out-of-scope NAME, got none.`);
  }
  if (outOfScope !== undefined && dev === undefined) {
    throw new UsageError(`${command}: --out-of-scope must stand with --dev FILE, got no --dev.`);
  }
  if (dev !== undefined && outOfScope === undefined && !multiLabel) {
    throw new UsageError(
      `${command}: --dev must stand with --out-of-scope NAME or several labels a text, got neither. The best label needs no threshold.`,
    );
  }
}
