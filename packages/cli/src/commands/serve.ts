/** `lacuna serve`: the edge API on this machine until Ctrl-C. */
import { once } from 'node:events';
import { defineCommand } from '../command.ts';
import { startEdgeServer } from '../edge-server.ts';
import { runFacts } from '../machine.ts';
import { createRootKey, keySha256 } from '../service.ts';

export const serve = defineCommand({
  name: 'serve',
  about:
    'Serves models over HTTP on workerd, the runtime of Cloudflare Workers, on this machine only. Without --models it ' +
    'serves the models that ship with Lacuna, and Studio, the page that trains others. Asking is free; `lacuna publish` ' +
    'and `lacuna keys` need the key that is printed, or that the environment variable LACUNA_KEY gives. Ctrl-C ends it.',
  options: {
    port: { kind: 'integer', about: 'port on localhost', default: 8787, min: 1, max: 65_535 },
    models: {
      kind: 'text',
      value: 'DIR',
      about: 'folder of artifacts to serve (a models.json and the files it names)',
    },
  },
  examples: ['lacuna serve', 'lacuna serve --port 9000 --models runs/site'],
  async run({ port, models }, _positionals, { json, signal }) {
    const key = process.env.LACUNA_KEY || createRootKey();
    const vars = { ROOT_KEY_SHA256: keySha256(key), METRICS: 'on' };
    const server = await startEdgeServer({ port, models, vars, output: 'inherit', signal });
    const { address } = server;
    // A key that somebody gave is not repeated.
    const made = process.env.LACUNA_KEY ? undefined : key;
    const keyLine = made === undefined ? '' : `\nTo publish models to it: export LACUNA_KEY=${made}`;
    // Printed at once and not as the answer, as the answer comes when the server ends.
    console.log(
      json
        ? JSON.stringify({ ...runFacts(), address, key: made })
        : `Lacuna is ready at ${address} (${models === undefined ? 'open it in a browser, or ' : ''}try: curl ${address}/v1/models; Ctrl-C ends it)${keyLine}`,
    );
    try {
      if (!signal.aborted) await Promise.race([once(signal, 'abort'), server.ended]);
    } finally {
      await server.stop();
    }
    return { text: 'Stopped.', exitCode: signal.aborted ? 0 : 1 };
  },
});
