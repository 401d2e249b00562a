/** The program of the Web Worker that compares models: each on kernels and in a memory of its own. */
import type { ModelConfig } from '@lacuna/core';
import { compileKernels, INFERENCE_KERNELS } from '@lacuna/core/browser';
import {
  type CompareOptions,
  type Comparison,
  compareModels,
  type HeldOutExample,
  int8Report,
  type QuantizationReport,
  type ShapeTiming,
  timeShape,
} from '@lacuna/core/comparison';
import { createWasmInference, loadModel, type Model, readArtifact } from '@lacuna/core/inference';
import { expose } from 'comlink';
import { modelBytes, type PostedModel } from '../workers/model-bytes.ts';
import { type Outcome, outcomeOf } from '../workers/outcome.ts';

/** Least milliseconds between two words of progress. */
const PROGRESS_MS = 100;

export class CompareService {
  compare(
    first: PostedModel,
    second: PostedModel,
    examples: readonly HeldOutExample[],
    options: Pick<CompareOptions, 'seed' | 'ratio'>,
    tell?: (fraction: number) => void,
  ): Promise<Outcome<Comparison>> {
    return outcomeOf(async () => {
      let toldAt = performance.now();
      const onProgress = (fraction: number) => {
        const now = performance.now();
        if (fraction < 1 && now - toldAt < PROGRESS_MS) return;
        toldAt = now;
        tell?.(fraction);
      };
      return compareModels(await modelOf(first), await modelOf(second), examples, { ...options, onProgress });
    });
  }

  int8Report(model: PostedModel): Promise<Outcome<QuantizationReport>> {
    return outcomeOf(async () => int8Report(await readArtifact(await modelBytes(model))));
  }

  timeShape(like: PostedModel, config: ModelConfig, text: string): Promise<Outcome<ShapeTiming>> {
    return outcomeOf(async () => timeShape(await ops(), await readArtifact(await modelBytes(like)), config, text));
  }
}

async function ops() {
  return createWasmInference(await compileKernels(INFERENCE_KERNELS));
}

async function modelOf(posted: PostedModel): Promise<Model> {
  return loadModel(await ops(), await readArtifact(await modelBytes(posted)));
}

expose(new CompareService());
