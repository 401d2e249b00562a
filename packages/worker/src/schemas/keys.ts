/** Keys as the service takes orders for them and tells of them. */
import { z } from '@hono/zod-openapi';
import { SCOPES } from '../key-store.ts';

const Scopes = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);
const keyFields = {
  id: z.string(),
  name: z.string(),
  scopes: Scopes,
  created_at: z.string(),
};

export const KeyRequest = z
  .strictObject({ name: z.string().min(1).max(100), scopes: Scopes })
  .openapi('KeyRequest', { example: { name: 'ci', scopes: ['read', 'write'] } });

export const KeyCreated = z
  .object({ ...keyFields, key: z.string().openapi({ description: 'Shown this once.' }) })
  .openapi('KeyCreated', {
    example: {
      id: '0123456789abcdef',
      name: 'ci',
      scopes: ['read', 'write'],
      created_at: '2026-11-25T12:00:00.000Z',
      key: 'lk_0123456789abcdef_…',
    },
  });

export const KeysResponse = z
  .object({ keys: z.array(z.object(keyFields)), next_cursor: z.string().optional() })
  .openapi('KeysResponse', {
    example: {
      keys: [{ id: '0123456789abcdef', name: 'ci', scopes: ['read', 'write'], created_at: '2026-11-25T12:00:00.000Z' }],
    },
  });

export const KeyId = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .openapi({ param: { name: 'id', in: 'path' } }),
});
