/** `lacuna keys`: the API keys of a running service, and the first one of a new deployment. */
import type { Scope } from '@lacuna/client';
import { type Answer, defineCommand, UsageError, type Values } from '../command.ts';
import { createRootKey, keySha256, SERVICE_OPTIONS, serviceOf } from '../service.ts';
import { table } from '../table.ts';

const SCOPES = ['read', 'write', 'admin'] as const;

const OPTIONS = {
  ...SERVICE_OPTIONS,
  name: { kind: 'text', value: 'NAME', about: 'create: whose key it is', default: 'unnamed' },
  scopes: {
    kind: 'list',
    value: 'SCOPE',
    about: 'create: read (ask models), write (publish and delete them), admin (make and revoke keys)',
    default: ['read', 'write'],
  },
} as const;

type Action = (options: Values<typeof OPTIONS>, id: string | undefined, signal: AbortSignal) => Promise<Answer>;

const ACTIONS: Readonly<Record<string, Action>> = {
  async root() {
    const key = createRootKey();
    const sha256 = keySha256(key);
    const text = [
      `key     ${key}`,
      `sha256  ${sha256}`,
      '',
      'Keep the key; it is shown this once. Give the hash to the deployment:',
      '  npx wrangler secret put ROOT_KEY_SHA256',
    ].join('\n');
    return { fields: { key, sha256 }, text };
  },
  async create(options, _id, signal) {
    const scopes = options.scopes.map((scope) => {
      const known = SCOPES.find((one) => one === scope);
      if (known) return known;
      throw new UsageError(`keys: --scopes must be out of ${SCOPES.join(', ')}, got ${JSON.stringify(scope)}.`);
    });
    const made = await serviceOf('keys', options).createKey({ name: options.name, scopes }, { signal });
    const text = `${made.key}\nThe key ${made.id} of ${made.name} may ${allowed(made.scopes)}. It is shown this once.`;
    return { fields: { ...made }, text };
  },
  async list(options, _id, signal) {
    const keys = await serviceOf('keys', options).keys({ signal });
    const rows = keys.map(({ id, name, scopes, created_at: created }) => [id, name, scopes.join(' '), created]);
    return { fields: { keys }, text: table(['id', 'name', 'scopes', 'created'], rows) };
  },
  async revoke(options, id, signal) {
    if (id === undefined)
      throw new UsageError('keys revoke: expected the id of a key, got none. See `lacuna keys list`.');
    await serviceOf('keys', options).revokeKey(id, { signal });
    return { fields: { id }, text: `Revoked ${id}. It opens nothing more after a minute at most.` };
  },
};

export const keys = defineCommand({
  name: 'keys',
  about:
    'Makes, lists and revokes the API keys of a service; it takes a key with the scope admin. `root` makes such a key ' +
    'for a new deployment, which is told only its hash. Services store no key, only hashes.',
  positionals: ['ACTION', '[ID]'],
  options: OPTIONS,
  examples: [
    'lacuna keys root',
    'lacuna keys create --name ci --scopes write --to https://lacuna.example.workers.dev',
    'lacuna keys list',
    'lacuna keys revoke 0123456789abcdef',
  ],
  async run(options, [action = '', id], { signal }) {
    const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (run === undefined) {
      const expected = Object.keys(ACTIONS).join(', ');
      throw new UsageError(`keys: expected ${expected}, got ${JSON.stringify(action)}.`);
    }
    return run(options, id, signal);
  },
});

const allowed = (scopes: readonly Scope[]) => scopes.join(' and ');
