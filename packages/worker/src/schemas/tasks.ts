/** Requests and answers of the native tasks as schemas: what is checked, what OpenAPI says and what TypeScript sees are one thing. */
import { z } from '@hono/zod-openapi';
import { DEFAULT_TOP_K } from '@lacuna/core/inference';
import { MAX_TARGET_LENGTH, MAX_TEXT_LENGTH, MAX_TEXTS, MAX_TOP_K } from '../limits.ts';
import { ErrorFacts } from './common.ts';

const LIMIT = `at most ${MAX_TEXT_LENGTH} characters, else text_too_long, with or without truncate`;
export const Text = z.string().max(MAX_TEXT_LENGTH);
export const Texts = z.array(Text).min(1).max(MAX_TEXTS);

const common = {
  text: Text.optional().openapi({ description: `The text: ${LIMIT}.` }),
  texts: Texts.optional().openapi({ description: `Or several texts, each of ${LIMIT}.` }),
  partial: z.boolean().optional().openapi({
    description: 'Of several texts, give each its own result or error. Without it one wrong text refuses the request.',
  }),
  model: z.string().max(200).optional().openapi({
    description: "A model's name, or name@version; the default one of the task without it.",
  }),
  truncate: z.boolean().optional().openapi({
    description: 'Cut a text of more tokens than the model reads instead of refusing it.',
  }),
};
const oneOf = <S extends z.ZodType<{ text?: string | undefined; texts?: string[] | undefined }>>(schema: S) =>
  schema.refine((body) => (body.text === undefined) !== (body.texts === undefined), {
    message: 'Give one of text and texts',
  });

export const TopK = z.number().int().min(1).max(MAX_TOP_K).optional();
export const Targets = z.array(z.string().max(MAX_TARGET_LENGTH)).min(1).max(MAX_TOP_K);

export const FillMaskRequest = oneOf(
  z.strictObject({
    ...common,
    top_k: TopK.openapi({ description: `Candidates a gap; by default ${DEFAULT_TOP_K}, or all targets.` }),
    targets: Targets.optional().openapi({ description: 'Score these words only.' }),
    strategy: z
      .enum(['joint', 'one_by_one'])
      .optional()
      .openapi({
        description:
          'joint (the default) fills all gaps at once, none knowing of the others; one_by_one fills the surest first and ' +
          'reads the text anew, and answers with the whole text as `filled`.',
      }),
  }),
).openapi('FillMaskRequest', { example: { text: 'He opened the [MASK] and went in.', top_k: 1 } });

export const ClassifyRequest = oneOf(
  z.strictObject({
    ...common,
    top_k: TopK.openapi({ description: 'Labels to give; all by default.' }),
    threshold: z
      .union([z.number().min(0).max(1), z.literal('model')])
      .optional()
      .openapi({
        description:
          'Give labels of at least this score only; "model": the score that was chosen for the model on held-out texts. No label then means none of these.',
      }),
  }),
).openapi('ClassifyRequest', { example: { text: 'A quietly moving film.' } });

export const EmbedRequest = oneOf(
  z.strictObject({
    ...common,
    normalize: z.boolean().optional().openapi({ description: 'To length 1; true by default.' }),
  }),
).openapi('EmbedRequest', { example: { texts: ['A river.', 'A stream.'], model: 'lacuna-sentiment' } });

export const ScoreRequest = oneOf(
  z.strictObject({
    ...common,
    passes: z.number().int().min(1).max(MAX_TEXT_LENGTH).optional().openapi({
      description: 'Times that the model reads the text; by default once a token, which is exact. Fewer are cheaper.',
    }),
  }),
).openapi('ScoreRequest', { example: { text: 'The river flows into the sea.', passes: 4 } });

const ItemError = z.object({ error: ErrorFacts }).openapi('ItemError');
/** The answer to one text, or a list of such with an error where there is no answer. */
const answers = <S extends z.ZodRawShape>(name: string, item: S, example: object) =>
  z
    .union([
      z.object({ model: z.string(), ...item }),
      z.object({ model: z.string(), results: z.array(z.union([z.object(item), ItemError])) }),
    ])
    .openapi(name, { example });

export const Candidate = z
  .object({ score: z.number(), token: z.number().int(), token_str: z.string(), sequence: z.string() })
  .openapi('Candidate');
export const Label = z.object({ label: z.string(), score: z.number() }).openapi('Label');

export const FillMaskResponse = answers(
  'FillMaskResponse',
  {
    gaps: z.array(z.array(Candidate)).openapi({ description: 'Candidates for every [MASK] in order, best first.' }),
    filled: z.string().optional().openapi({ description: 'With one_by_one: the text with the best of every gap.' }),
  },
  {
    model: 'lacuna-fill',
    gaps: [[{ score: 0.463, token: 2469, token_str: 'door', sequence: 'He opened the door and went in.' }]],
  },
);

export const ClassifyResponse = answers(
  'ClassifyResponse',
  { labels: z.array(Label).openapi({ description: 'Labels, best first.' }) },
  {
    model: 'lacuna-sentiment',
    labels: [
      { label: 'positive', score: 0.995 },
      { label: 'negative', score: 0.005 },
    ],
  },
);

export const EmbedResponse = answers(
  'EmbedResponse',
  { embedding: z.array(z.number()).openapi({ description: "The mean of the encoder's states, hiddenSize numbers." }) },
  { model: 'lacuna-sentiment', results: [{ embedding: [0.021] }, { embedding: [0.034] }] },
);

export const ScoreResponse = answers(
  'ScoreResponse',
  {
    log_likelihood: z.number().openapi({ description: 'The sum over tokens, in nats.' }),
    pseudo_perplexity: z.number().openapi({ description: 'exp of the mean over tokens, negated.' }),
    tokens: z.array(z.object({ token: z.number().int(), token_str: z.string(), log_probability: z.number() })),
  },
  {
    model: 'lacuna-fill',
    log_likelihood: -21.5,
    pseudo_perplexity: 21.6,
    tokens: [{ token: 5, token_str: 'the', log_probability: -0.9 }],
  },
);
