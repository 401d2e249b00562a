/** What the core offers everywhere: browser, Worker, Node. A table of contents, in the order of the road. */

// errors and the contract that models and backends share: tensor, random, ops

export * from './errors.ts';
export type { Ops, SoftTargets, VocabularyTargets } from './ops/ops.ts';
export type { TensorGroup, TrainableOps } from './ops/trainable-ops.ts';
export { Random, type RandomState } from './random/random.ts';
export type { Params, Shape, Tensor } from './tensor/tensor.ts';

// model: shapes, parameters, batches, and what it makes of them

export type { Batch, MaskedBatch, TextBatch } from './model/batch.ts';
export { classifierLogits } from './model/classifier.ts';
export { CONFIGS, type ModelConfig, mlmControl, SPECIAL_TOKENS, validateConfig } from './model/config.ts';
export { gapStates } from './model/masked.ts';
export { type HeadConfig, initialParameters, parameterCount, parameterShapes } from './model/parameters.ts';

// text: tokenizers, how to train one, and the corpus that needs no download

export { type EmbeddedOptions, embeddedSource } from './text/embedded.ts';
export { embeddedFloor, type FloorScore } from './text/embedded-floor.ts';
export { Tokenizer } from './text/tokenizer.ts';
export type { TokenizerJson } from './text/tokenizer-json.ts';
export {
  type TokenizerTrainingOptions,
  type TokenizerTrainingProgress,
  trainTokenizer,
} from './text/tokenizer-training.ts';

// data: sources of lines, tables, windows of tokens

export { textsOf } from './data/columns.ts';
export { type LabelledData, type LabelledExample, type LabelledOptions, readLabelled } from './data/labelled.ts';
export { Overlap } from './data/overlap.ts';
export { sentencesOf } from './data/sentences.ts';
export {
  interleavedLines,
  linesSource,
  type TableRow,
  type TableSource,
  type TextSource,
  textSource,
  withoutBreaks,
} from './data/source.ts';
export { TABLE_FORMATS, type TableFormat, tableRows } from './data/table.ts';
export { WindowStream, type WindowStreamOptions, type WindowStreamState } from './data/windows.ts';

// masking: which tokens go

export { type MaskingOptions, maskWindows } from './masking/masking.ts';
export { checkRatio, checkSchedule, DEFAULT_RATIO_SCHEDULE, type RatioSchedule } from './masking/schedule.ts';

// losses: the tied table that turns a gap's state into logits

export { vocabularyHead } from './losses/masked.ts';

// optim and training: budgets, recipes, runs and their events

export { ADAMW, type OptimizerOptions } from './optim/adamw.ts';
export type { Budget, Progress } from './optim/schedule.ts';
export { hasSharedMemory } from './training/all-reduce.ts';
export { BAG_RECIPE, BagClassifier, type BagExample, type BagRecipe } from './training/bag.ts';
export { type BootstrapOptions, bootstrap, type Interval, meanAndSpread, meanInterval } from './training/bootstrap.ts';
export {
  addScores,
  type ClassificationMetrics,
  classificationScores,
  type LabelMetrics,
  labelMetricsOf,
  type MaskedMetrics,
  type Metrics,
  maskedOutcomes,
  maskedScores,
  metricsOf,
} from './training/evaluation.ts';
export { FINETUNE_RECIPE, type FinetuneOptions, type FinetuneRecipe, finetune } from './training/finetune.ts';
export type { StepOptions } from './training/lane.ts';
export { inlineLanes, type LaneFactory, type LaneGroup } from './training/lanes.ts';
export { heldOutBatches, MaskedBatches, type Windows } from './training/masked-batches.ts';
export { type Outcome, sumOutcomes, textOutcomes } from './training/outcomes.ts';
export { Pauses } from './training/pauses.ts';
export { PRETRAIN_RECIPE, type PretrainOptions, type PretrainRecipe, pretrain } from './training/pretrain.ts';
export { type SampleShape, sampleBatch } from './training/sample-batch.ts';
export { recipeForSize, recipeToContinue, withTrainedLength } from './training/size-recipe.ts';
export { freshReplica, type Json, type TrainingState } from './training/state.ts';
export type { TaskSpec } from './training/task.ts';
export { type EncodedExample, encodeExamples, orderedTextBatches } from './training/text-batches.ts';
export {
  chooseLabelThreshold,
  chooseScopeThreshold,
  type Predictions,
  type ScopedAnswer,
  type ScopeMetrics,
  scopedAnswers,
  scopeMetrics,
} from './training/thresholds.ts';
export { type TrainingEvent, train } from './training/trainer.ts';

// backends: which one to train on

export {
  type BackendCandidate,
  type BackendReport,
  type BackendTiming,
  type ChooseOptions,
  chooseBackend,
  type Unavailable,
} from './backends/choose.ts';

// quantize and artifact: weights in bytes, a model in one file

export {
  type Artifact,
  type ArtifactParts,
  floatValues,
  floatWeights,
  readArtifact,
  weightBytes,
  writeArtifact,
} from './artifact/artifact.ts';
export type { Quantization } from './artifact/metadata.ts';
export { artifactParams } from './artifact/params.ts';
export { readSafetensors, writeSafetensors } from './artifact/safetensors.ts';
export { type QuantizationReport, quantizationReport } from './quantize/report.ts';

// onnx: a model for other runtimes

export { writeOnnx } from './onnx/onnx.ts';

// checkpoint: a run as bytes

export { type CheckpointArtifactOptions, checkpointArtifact } from './checkpoint/artifact.ts';
export {
  type Checkpoint,
  expectConfig,
  type RunDescription,
  readCheckpoint,
  weightsOf,
  writeCheckpoint,
} from './checkpoint/checkpoint.ts';

// distill: students, teachers' answers

export { type BagTeacherOptions, bagTeacher } from './distill/bag-teacher.ts';
export { DISTILL_RECIPE, type DistillOptions, type DistillRecipe, distill } from './distill/distill.ts';
export type { Teacher } from './distill/soft-labels.ts';
export { type StudentShape, studentConfig, studentInitial } from './distill/student.ts';
export { type TeachingOptions, taughtExamples } from './distill/taught-examples.ts';

// inference: a model that answers

export { MASK } from './inference/gaps.ts';
export { loadModel, Model } from './inference/model.ts';
export type {
  ClassifyOptions,
  EmbedOptions,
  Filled,
  FillMaskCandidate,
  FillMaskOptions,
  LabelScore,
  ScoreOptions,
  TextScore,
} from './inference/options.ts';
