/** What the service says of itself: `/openapi.json`, and the same for people under `/docs`. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { SecureHeadersVariables } from 'hono/secure-headers';
import type { AppEnv } from './context.ts';
import { docsPage, type OpenApiDocument } from './docs-page.ts';

/** Adds the two routes. They are no operations of the document: it cannot describe itself. */
export function documentRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key that `lacuna keys create` makes.',
  });
  let made: OpenApiDocument | undefined;
  const document = () => {
    made ??= app.getOpenAPIDocument({
      openapi: '3.0.3',
      info: {
        title: 'Lacuna',
        version: '0.1.0',
        description: 'Fills gaps in texts, labels them, embeds them and scores them, at the edge.',
      },
    }) as unknown as OpenApiDocument;
    return made;
  };
  app.get('/openapi.json', (c) => c.json(document()));
  app.get('/docs', (c) => {
    const { secureHeadersNonce = '' } = c.var as Partial<SecureHeadersVariables>;
    return c.html(docsPage(document(), secureHeadersNonce, new URL(c.req.url).origin));
  });
}
