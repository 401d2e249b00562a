/** The native tasks: `{ text }` or `{ texts }` in, one answer or a list out. */
import { createRoute, type z } from '@hono/zod-openapi';
import type { Model, ModelTask, WorkBudget } from '@lacuna/core/inference';
import type { Context } from 'hono';
import { answer, each, type ItemError } from '../answering.ts';
import type { AppEnv } from '../context.ts';
import { defined } from '../defined.ts';
import { requireModestResponse } from '../response-size.ts';
import { createRouter } from '../router.ts';
import { failures, json, WITH_BODY } from '../schemas/common.ts';
import {
  ClassifyRequest,
  ClassifyResponse,
  EmbedRequest,
  EmbedResponse,
  FillMaskRequest,
  FillMaskResponse,
  ScoreRequest,
  ScoreResponse,
} from '../schemas/tasks.ts';

const task = <P extends `/${string}`, S extends z.ZodType, R extends z.ZodType>(
  path: P,
  request: S,
  response: R,
  summary: string,
) =>
  createRoute({
    method: 'post',
    path,
    summary,
    tags: ['Tasks'],
    request: { body: { content: { 'application/json': { schema: request } }, required: true } },
    responses: { 200: json(response, summary), ...failures(WITH_BODY) },
  });

const fillMask = task('/v1/fill-mask', FillMaskRequest, FillMaskResponse, 'Fills every [MASK] of a text.');
const classify = task('/v1/classify', ClassifyRequest, ClassifyResponse, 'Labels a text.');
const embed = task('/v1/embed', EmbedRequest, EmbedResponse, 'A text as a vector, to compare it with others.');
const score = task('/v1/score', ScoreRequest, ScoreResponse, 'How likely a text is, token by token.');

interface TextsBody {
  readonly text?: string | undefined;
  readonly texts?: readonly string[] | undefined;
  readonly partial?: boolean | undefined;
  readonly model?: string | undefined;
}

/** Answers one text as `{ model, … }`, several as `{ model, results }`. */
function answerTexts<R extends object>(
  c: Context<AppEnv>,
  body: TextsBody,
  of: ModelTask | undefined,
  one: (model: Model, text: string, budget: WorkBudget) => Promise<R>,
) {
  type Answers = ({ model: string } & R) | { model: string; results: (R | ItemError)[] };
  return answer<Answers>(c, { id: body.model, task: of, request: body }, async (model, name, budget) => {
    const { text, texts = [], partial } = body;
    if (text !== undefined) return { model: name, ...(await one(model, text, budget)) };
    return { model: name, results: await each(c, texts, 'texts', (item) => one(model, item, budget), partial) };
  });
}

export function taskRoutes() {
  return createRouter()
    .openapi(fillMask, async (c) => {
      const body = c.req.valid('json');
      requireModestResponse(body.texts ?? [body.text ?? ''], body);
      const { targets, truncate, strategy } = body;
      const options = defined({ topK: body.top_k, targets, truncate });
      const filled = await answerTexts(c, body, 'fill-mask', async (model, text, budget) =>
        strategy === 'one_by_one'
          ? model.fillOneByOne(text, { ...options, budget })
          : { gaps: await model.fillMask(text, { ...options, budget }) },
      );
      return c.json(filled, 200);
    })
    .openapi(classify, async (c) => {
      const body = c.req.valid('json');
      const options = defined({ topK: body.top_k, threshold: body.threshold, truncate: body.truncate });
      const labelled = await answerTexts(c, body, 'text-classification', async (model, text, budget) => ({
        labels: await model.classify(text, { ...options, budget }),
      }));
      return c.json(labelled, 200);
    })
    .openapi(embed, async (c) => {
      const body = c.req.valid('json');
      const options = defined({ normalize: body.normalize, truncate: body.truncate });
      // Any model has an encoder; without a name it is the first that fills gaps.
      const of = body.model === undefined ? 'fill-mask' : undefined;
      const embedded = await answerTexts(c, body, of, async (model, text, budget) => ({
        embedding: await model.embed(text, { ...options, budget }),
      }));
      return c.json(embedded, 200);
    })
    .openapi(score, async (c) => {
      const body = c.req.valid('json');
      const options = defined({ passes: body.passes, truncate: body.truncate });
      const scored = await answerTexts(c, body, 'fill-mask', async (model, text, budget) => {
        const { tokens, ...sums } = await model.score(text, { ...options, budget });
        return { ...sums, tokens: [...tokens] };
      });
      return c.json(scored, 200);
    });
}
