/** A smaller model of a teacher's family, started from alternate layers of the teacher. Paper: arXiv 1910.01108 */
import { LacunaError } from '../errors.ts';
import { type ModelConfig, validateConfig } from '../model/config.ts';
import { parameterShapes } from '../model/parameters.ts';
import { sizeOf } from '../tensor/tensor.ts';

export interface StudentShape {
  readonly encoder?: number;
  readonly decoder?: number;
  /** Its width C; the teacher's by default. */
  readonly hiddenSize?: number;
}

/**
 * The teacher's shape with half the layers (rounded up), or as many as given. A student of another width has heads of the
 * teacher's size, as far as it is wide enough, and a feed-forward part that is as many times wider than it. Throws `invalid_config`.
 */
export function studentConfig(teacher: ModelConfig, shape: StudentShape = {}): ModelConfig {
  const half = (n: number) => Math.ceil(n / 2);
  const { hiddenSize = teacher.hiddenSize } = shape;
  const scale = hiddenSize / teacher.hiddenSize;
  return validateConfig({
    ...teacher,
    hiddenSize,
    numAttentionHeads: Math.max(1, Math.floor(teacher.numAttentionHeads * scale)),
    intermediateSize: Math.max(1, Math.round(teacher.intermediateSize * scale)),
    numHiddenLayers: shape.encoder ?? half(teacher.numHiddenLayers),
    numDecoderLayers: teacher.objective === 'mlm' ? 0 : (shape.decoder ?? half(teacher.numDecoderLayers)),
  });
}

/** The teacher's layer that student layer `i` starts from: evenly spread, the first from the first. */
export function taughtLayer(i: number, studentLayers: number, teacherLayers: number): number {
  return Math.floor((i * teacherLayers) / studentLayers);
}

/**
 * The student's starting weights, by name: tables, norms and every layer from the teacher's. Throws `invalid_config`
 * where a weight has another size, so nothing is left at random silently.
 */
export function studentInitial(
  student: ModelConfig,
  teacher: ModelConfig,
  weights: Readonly<Record<string, Float32Array>>,
): Record<string, Float32Array> {
  const initial: Record<string, Float32Array> = {};
  for (const [name, shape] of Object.entries(parameterShapes(student))) {
    const source = name.replace(/^(encoder|decoder)\.layer\.(\d+)/, (_, part: 'encoder' | 'decoder', layer: string) => {
      const field = part === 'encoder' ? 'numHiddenLayers' : 'numDecoderLayers';
      return `${part}.layer.${taughtLayer(Number(layer), student[field], teacher[field])}`;
    });
    const values = weights[source];
    if (values?.length !== sizeOf(shape)) {
      throw new LacunaError(
        'invalid_config',
        `distil: "${source}" must hold ${sizeOf(shape)} values for the student, got ${values?.length ?? 'none'}. ` +
          'A student of another shape than its teacher starts from random weights.',
        { name, source, expected: sizeOf(shape), got: values?.length },
      );
    }
    initial[name] = values;
  }
  return initial;
}
