/** What int8 would do to the weights of a float artifact. */
import { type Artifact, floatWeights, weightShapes } from '../artifact/artifact.ts';
import { LacunaError } from '../errors.ts';
import { type QuantizationReport, quantizationReport } from '../quantize/report.ts';

/** Throws `invalid_argument` for an artifact of int8 weights: its rounding is done, and what they were is gone. */
export function int8Report(artifact: Artifact): QuantizationReport {
  if (artifact.quantization === 'none') return quantizationReport(floatWeights(artifact), weightShapes(artifact));
  throw new LacunaError(
    'invalid_argument',
    `report: expected float weights, got those of ${artifact.name} in int8. Export it with quantization "none".`,
    { quantization: artifact.quantization },
  );
}
