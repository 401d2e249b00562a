/** Models and keys as the service tells of them. */
import { z } from '@hono/zod-openapi';
import { MODEL_ID } from '../registry.ts';

const Task = z.enum(['fill-mask', 'text-classification']);

export const ModelId = z.object({
  id: z
    .string()
    .regex(MODEL_ID, 'Expected name, name@latest or name@version')
    .openapi({ param: { name: 'id', in: 'path' }, example: 'lacuna-fill' }),
});

export const ServedModel = z
  .object({
    name: z.string(),
    task: Task,
    /** Whether requests that name no model get this one. */
    default: z.boolean(),
    source: z.enum(['deployment', 'stored']),
    version: z.string().optional(),
    description: z.string().optional(),
  })
  .openapi('ServedModel');

export const ModelsResponse = z
  .object({
    models: z.array(ServedModel),
    next_cursor: z.string().optional().openapi({ description: 'There is more: ask again with this cursor.' }),
  })
  .openapi('ModelsResponse', {
    example: {
      models: [
        {
          name: 'lacuna-fill',
          task: 'fill-mask',
          default: true,
          source: 'deployment',
          description: 'English, lower-cased.',
          version: 'effbe3a64d2df26b',
        },
      ],
    },
  });

export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).optional().openapi({ description: 'Stored models a page; 100.' }),
  cursor: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
    .optional()
    .openapi({ description: "The last page's next_cursor." }),
});

export const ModelVersion = z
  .object({
    version: z.string(),
    task: Task,
    size_bytes: z.number(),
    quantization: z.enum(['int8', 'none']),
    labels: z.array(z.string()),
    created_at: z.string(),
    description: z.string().optional(),
  })
  .openapi('ModelVersion');

export const ModelResponse = z
  .object({
    name: z.string(),
    task: Task,
    source: z.enum(['deployment', 'stored']),
    version: z.string().optional().openapi({ description: 'What name alone stands for: the latest.' }),
    description: z.string().optional(),
    versions: z.array(ModelVersion).optional().openapi({ description: 'Of a stored model, the latest first.' }),
  })
  .openapi('ModelResponse', {
    example: {
      name: 'lacuna-fill',
      task: 'fill-mask',
      source: 'deployment',
      description: 'English, lower-cased.',
      version: 'effbe3a64d2df26b',
    },
  });

export const PublishQuery = z.object({ description: z.string().max(500).optional() });

export const PublishedResponse = z.object({ name: z.string(), ...ModelVersion.shape }).openapi('PublishedResponse', {
  example: {
    name: 'stories',
    version: '0123456789abcdef',
    task: 'fill-mask',
    size_bytes: 170_000,
    quantization: 'int8',
    labels: [],
    created_at: '2026-11-25T12:00:00.000Z',
  },
});
