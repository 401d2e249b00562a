/** A running service as the commands that change it see it: where it is, and with which key. */
import { createHash, randomBytes } from 'node:crypto';
import { createClient, type LacunaClient } from '@lacuna/client';
import { type Options, UsageError, type Values } from './command.ts';

export const SERVICE_OPTIONS = {
  to: { kind: 'text', value: 'URL', about: 'where the service is', default: 'http://localhost:8787' },
  key: { kind: 'text', value: 'KEY', about: 'an API key (default: the environment variable LACUNA_KEY)' },
} as const satisfies Options;

export function serviceOf(command: string, { to, key }: Values<typeof SERVICE_OPTIONS>): LacunaClient {
  const given = key ?? process.env.LACUNA_KEY;
  if (!given) {
    throw new UsageError(`${command}: expected --key or LACUNA_KEY, got none. \`lacuna keys\` makes keys.`);
  }
  if (!URL.canParse(to)) throw new UsageError(`${command}: --to must be an address, got ${JSON.stringify(to)}.`);
  return createClient({ baseUrl: to, key: given });
}

/** A key that no service has stored: its hash is given to the deployment, and it may do everything. */
export function createRootKey(): string {
  return `lk_${randomBytes(8).toString('hex')}_${randomBytes(32).toString('hex')}`;
}

/** What a service is told of its root key. */
export function keySha256(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
