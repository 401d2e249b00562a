/** Shapes that other services' clients speak: Hugging Face's Inference API, Cloudflare's Workers AI. */
import { z } from '@hono/zod-openapi';
import { MAX_TARGET_LENGTH } from '../limits.ts';
import { Candidate, Label, Targets, Text, Texts, TopK } from './tasks.ts';

/** Clients send fields for other tasks along; what is unknown is let pass. */
export const HuggingFaceRequest = z
  .looseObject({
    inputs: z.union([Text, Texts]),
    parameters: z
      .looseObject({
        top_k: TopK,
        targets: z.union([z.string().max(MAX_TARGET_LENGTH), Targets]).optional(),
        function_to_apply: z.enum(['softmax', 'sigmoid', 'none']).optional(),
        normalize: z.boolean().optional(),
        truncate: z.boolean().optional(),
      })
      .optional(),
  })
  .openapi('HuggingFaceRequest', {
    example: { inputs: 'He opened the [MASK] and went in.', parameters: { top_k: 1 } },
  });

export const HuggingFaceResponse = z
  .union([
    z.array(Candidate),
    z.array(z.array(Candidate)),
    z.array(z.array(z.array(Candidate))),
    z.array(z.array(Label)),
  ])
  .openapi('HuggingFaceResponse', {
    description:
      'fill-mask: the candidates of one gap, of several gaps a list each, of several texts a list each. ' +
      'text-classification: a list of labels a text, nested also for one.',
    example: [{ score: 0.463, token: 2469, token_str: 'door', sequence: 'He opened the door and went in.' }],
  });

export const FeaturesRequest = HuggingFaceRequest.openapi('FeaturesRequest', {
  example: { inputs: 'A river.', parameters: { normalize: true } },
});

export const FeaturesResponse = z
  .union([z.array(z.number()), z.array(z.array(z.number()))])
  .openapi('FeaturesResponse', { example: [0.021] });

export const HuggingFaceError = z
  .object({ error: z.string(), error_code: z.string() })
  .openapi('HuggingFaceError', { example: { error: 'fill-mask: the text must hold …', error_code: 'no_mask_token' } });

export const WorkersAiRequest = z
  .looseObject({
    text: z.union([Text, Texts]),
    task: z.enum(['embeddings']).optional().openapi({ description: 'Ask for embeddings instead of the model’s task.' }),
    top_k: TopK,
  })
  .openapi('WorkersAiRequest', { example: { text: 'A quietly moving film.' } });

export const WorkersAiResponse = z
  .object({
    result: z.union([
      z.array(Label),
      z.array(z.array(Label)),
      z.array(z.array(Candidate)),
      z.array(z.array(z.array(Candidate))),
      z.object({ shape: z.array(z.number()), data: z.array(z.array(z.number())), pooling: z.literal('mean') }),
    ]),
    success: z.literal(true),
    errors: z.array(z.unknown()),
    messages: z.array(z.unknown()),
  })
  .openapi('WorkersAiResponse', {
    example: {
      result: [
        { label: 'positive', score: 0.995 },
        { label: 'negative', score: 0.005 },
      ],
      success: true,
      errors: [],
      messages: [],
    },
  });

export const WorkersAiError = z
  .object({
    result: z.null(),
    success: z.literal(false),
    errors: z.array(z.object({ code: z.number(), message: z.string(), error_code: z.string() })),
    messages: z.array(z.unknown()),
  })
  .openapi('WorkersAiError');
