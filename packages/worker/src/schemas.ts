/** Requests and responses as schemas: what is checked, what OpenAPI says and what TypeScript sees are one thing. */
import { z } from '@hono/zod-openapi';
import { DEFAULT_TOP_K } from '@lacuna/core/inference';

export const MAX_TEXTS = 32;
export const MAX_TOP_K = 100;
/** UTF-16 units of a text; many times what any model reads, so `truncate` does not lift it. */
export const MAX_TEXT_LENGTH = 20_000;

const LIMIT = `at most ${MAX_TEXT_LENGTH} characters, else text_too_long, with or without truncate`;
const text = z.string().max(MAX_TEXT_LENGTH);
const oneOrMany = {
  text: text.optional().openapi({ description: `The text: ${LIMIT}.` }),
  texts: z
    .array(text)
    .min(1)
    .max(MAX_TEXTS)
    .optional()
    .openapi({ description: `Or several texts, each of ${LIMIT}.` }),
};
const exactlyOne = (body: { text?: string | undefined; texts?: string[] | undefined }) =>
  (body.text === undefined) !== (body.texts === undefined);
const ONE_OF = { message: 'Give one of text and texts' };
const model = z.string().optional().openapi({ description: "A model's name; the default one of the task without it." });
const truncate = z
  .boolean()
  .optional()
  .openapi({ description: 'Cut a text of more tokens than the model reads instead of refusing it.' });
const topK = z.number().int().min(1).max(MAX_TOP_K).optional();

const fillMaskOptions = {
  model,
  truncate,
  top_k: topK.openapi({ description: `Candidates a gap; by default ${DEFAULT_TOP_K}, or all targets.` }),
  targets: z.array(z.string()).min(1).max(MAX_TOP_K).optional().openapi({ description: 'Score these words only.' }),
};
const classifyOptions = { model, truncate, top_k: topK.openapi({ description: 'Labels to give; all by default.' }) };

export const FillMaskRequest = z
  .strictObject({ ...oneOrMany, ...fillMaskOptions })
  .refine(exactlyOne, ONE_OF)
  .openapi('FillMaskRequest', { example: { text: 'The river flows into the [MASK].', top_k: 3 } });

export const ClassifyRequest = z
  .strictObject({ ...oneOrMany, ...classifyOptions })
  .refine(exactlyOne, ONE_OF)
  .openapi('ClassifyRequest', { example: { text: 'A quietly moving film.' } });

const Gaps = z
  .array(
    z.array(
      z.object({
        score: z.number(),
        token: z.number().int(),
        token_str: z.string(),
        sequence: z.string(),
      }),
    ),
  )
  .openapi({ description: 'Candidates for every [MASK] in order, best first.' });
const Labels = z
  .array(z.object({ label: z.string(), score: z.number() }))
  .openapi({ description: 'Labels, best first.' });

export const FillMaskResponse = z
  .union([
    z.object({ model: z.string(), gaps: Gaps }),
    z.object({ model: z.string(), results: z.array(z.object({ gaps: Gaps })) }),
  ])
  .openapi('FillMaskResponse');

export const ClassifyResponse = z
  .union([
    z.object({ model: z.string(), labels: Labels }),
    z.object({ model: z.string(), results: z.array(z.object({ labels: Labels })) }),
  ])
  .openapi('ClassifyResponse');

export const ModelsResponse = z
  .object({
    models: z.array(
      z.object({
        name: z.string(),
        task: z.enum(['fill-mask', 'text-classification']),
        default: z.boolean(),
        description: z.string().optional(),
      }),
    ),
  })
  .openapi('ModelsResponse');

export const ErrorResponse = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .openapi('ErrorResponse');
