/** What a student could look like beside its teacher, and what it would weigh. */
import { type ModelConfig, parameterCount, studentConfig, weightBytes } from '@lacuna/core';
import type { StudioModel } from '../project.ts';

export interface Weight {
  readonly parameters: number;
  /** Of the weights as int8 with one scale a row: exact. */
  readonly int8Bytes: number;
}

/** What a model of this shape, with the vocabulary and labels of `like`, weighs. */
export function weightOf(like: Pick<StudioModel, 'task' | 'labels'>, config: ModelConfig): Weight {
  const { labels = [] } = like;
  const isClassifier = like.task === 'classification';
  const task = isClassifier ? 'text-classification' : 'fill-mask';
  return {
    parameters: parameterCount(config, isClassifier ? { numLabels: labels.length } : undefined),
    int8Bytes: weightBytes({ config, task, labels, quantization: 'int8' }),
  };
}

export interface ShapeChoices {
  readonly encoder: readonly number[];
  /** Empty where the teacher has no decoder. */
  readonly decoder: readonly number[];
  /** The teacher's own first. */
  readonly hiddenSize: readonly number[];
}

/** Layers from one to the teacher's, and widths down to a quarter of its own that its heads divide. */
export function shapeChoices(teacher: ModelConfig): ShapeChoices {
  const counted = (most: number) => Array.from({ length: most }, (_, i) => i + 1);
  const widths = [1, 3 / 4, 1 / 2, 1 / 4].map((share) => Math.round((teacher.hiddenSize * share) / 16) * 16);
  const hiddenSize = [teacher.hiddenSize, ...widths.slice(1)].filter(
    (width, i, all) => width >= 16 && all.indexOf(width) === i && isPossible(teacher, width),
  );
  return { encoder: counted(teacher.numHiddenLayers), decoder: counted(teacher.numDecoderLayers), hiddenSize };
}

function isPossible(teacher: ModelConfig, hiddenSize: number): boolean {
  try {
    studentConfig(teacher, { hiddenSize });
    return true;
  } catch {
    return false;
  }
}
