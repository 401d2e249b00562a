/** What other services' clients speak: Hugging Face's Inference API and Cloudflare's Workers AI. */
import { createRoute, type z } from '@hono/zod-openapi';
import type { Model, WorkBudget } from '@lacuna/core/inference';
import type { Context } from 'hono';
import { answer, each } from '../answering.ts';
import type { AppEnv } from '../context.ts';
import { defined } from '../defined.ts';
import { requireModestResponse } from '../response-size.ts';
import { createRouter } from '../router.ts';
import { failures, json, WITH_BODY } from '../schemas/common.ts';
import {
  FeaturesRequest,
  FeaturesResponse,
  HuggingFaceError,
  HuggingFaceRequest,
  HuggingFaceResponse,
  WorkersAiError,
  WorkersAiRequest,
  WorkersAiResponse,
} from '../schemas/dialects.ts';
import { ModelId } from '../schemas/models.ts';

const body = <S extends z.ZodType>(schema: S) => ({
  params: ModelId,
  body: { content: { 'application/json': { schema } }, required: true },
});

const huggingFace = createRoute({
  method: 'post',
  path: '/models/{id}',
  summary: "Hugging Face's Inference API: the model's own task.",
  tags: ['Dialects'],
  request: body(HuggingFaceRequest),
  responses: { 200: json(HuggingFaceResponse, "The task's answer."), ...failures(WITH_BODY, HuggingFaceError) },
});
const features = createRoute({
  method: 'post',
  path: '/models/{id}/pipeline/feature-extraction',
  summary: "Hugging Face's feature extraction: the pooled embedding of each text.",
  tags: ['Dialects'],
  request: body(FeaturesRequest),
  responses: { 200: json(FeaturesResponse, 'A vector a text.'), ...failures(WITH_BODY, HuggingFaceError) },
});
const workersAi = createRoute({
  method: 'post',
  path: '/ai/run/{id}',
  summary: "Cloudflare Workers AI's shape.",
  tags: ['Dialects'],
  request: body(WorkersAiRequest),
  responses: { 200: json(WorkersAiResponse, 'The answer in its envelope.'), ...failures(WITH_BODY, WorkersAiError) },
});

type Parameters = z.infer<typeof HuggingFaceRequest>['parameters'];

/** A text's labels, or the candidates of its gap; of several gaps a list each. */
async function huggingFaceAnswer(model: Model, text: string, parameters: Parameters = {}, budget: WorkBudget) {
  const { top_k: topK, targets, truncate, function_to_apply: apply } = parameters;
  if (model.task === 'text-classification')
    return model.classify(text, { ...defined({ topK, truncate, apply }), budget });
  const words = typeof targets === 'string' ? [targets] : targets;
  const gaps = await model.fillMask(text, { ...defined({ topK, targets: words, truncate }), budget });
  return gaps.length === 1 ? (gaps[0] ?? []) : gaps;
}

/** The answers to one text as it is, or to several as a list. */
async function oneOrEach<R>(
  c: Context<AppEnv>,
  given: string | readonly string[],
  where: string,
  one: (text: string) => Promise<R>,
): Promise<R | R[]> {
  return typeof given === 'string' ? one(given) : each(c, given, where, one);
}

const listOf = (given: string | readonly string[]) => (typeof given === 'string' ? [given] : given);

export function dialectRoutes() {
  return createRouter()
    .openapi(huggingFace, async (c) => {
      const request = c.req.valid('json');
      const { inputs, parameters } = request;
      const targets = typeof parameters?.targets === 'string' ? [parameters.targets] : parameters?.targets;
      requireModestResponse(listOf(inputs), { top_k: parameters?.top_k, targets });
      const { id } = c.req.valid('param');
      const answered = await answer(c, { id, task: undefined, request }, async (model, _name, budget) => {
        const one = (text: string) => huggingFaceAnswer(model, text, parameters, budget);
        const found = await oneOrEach(c, inputs, 'inputs', one);
        // One text's labels are nested all the same: `@huggingface/inference` reads the first of the list.
        return model.task === 'text-classification' && typeof inputs === 'string' ? [found] : found;
      });
      return c.json(answered as z.infer<typeof HuggingFaceResponse>, 200);
    })
    .openapi(features, async (c) => {
      const request = c.req.valid('json');
      const { inputs, parameters: { normalize, truncate } = {} } = request;
      const { id } = c.req.valid('param');
      const answered = await answer(c, { id, task: undefined, request }, (model, _name, budget) => {
        const one = (text: string) => model.embed(text, { ...defined({ normalize, truncate }), budget });
        return oneOrEach(c, inputs, 'inputs', one);
      });
      return c.json(answered, 200);
    })
    .openapi(workersAi, async (c) => {
      const request = c.req.valid('json');
      const { text, task, top_k: topK } = request;
      const { id } = c.req.valid('param');
      requireModestResponse(listOf(text), { top_k: topK });
      const result = await answer(c, { id, task: undefined, request }, async (model, _name, budget) => {
        const options = { ...defined({ topK }), budget };
        if (task === 'embeddings') {
          const data = await each(c, listOf(text), 'text', (item) => model.embed(item, { budget }));
          return { shape: [data.length, model.config.hiddenSize], data, pooling: 'mean' as const };
        }
        if (model.task === 'text-classification') {
          return oneOrEach(c, text, 'text', (item) => model.classify(item, options));
        }
        return oneOrEach(c, text, 'text', (item) => model.fillMask(item, options));
      });
      const envelope = { result, success: true as const, errors: [], messages: [] };
      return c.json(envelope as z.infer<typeof WorkersAiResponse>, 200);
    });
}
