/** How every group of routes is made: what does not fit its schema is thrown, for the app's one `onError`. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { LacunaError } from '@lacuna/core/errors';
import type { AppEnv } from './context.ts';
import { MAX_TEXT_LENGTH } from './limits.ts';

export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const tooLong = result.error.issues.some(
        (issue) => issue.code === 'too_big' && issue.origin === 'string' && issue.maximum === MAX_TEXT_LENGTH,
      );
      if (tooLong) {
        const expected = `a text of at most ${MAX_TEXT_LENGTH} characters`;
        const help = 'Shorten it: truncate does not help.';
        throw new LacunaError('text_too_long', `request: expected ${expected}, got more. ${help}`);
      }
      const what = z.prettifyError(result.error).replaceAll('\n', ' ');
      throw new LacunaError('invalid_request', `request: ${what}`);
    },
  });
}
