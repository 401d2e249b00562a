/** Where a service is and the key to it: in memory, and on this device only for those who say so. */
import { effect, type Signal, signal } from '@preact/signals';

const STORED = 'lacuna-service';

export class ServiceAccess {
  readonly address: Signal<string>;
  readonly key: Signal<string>;
  /** Whether the key is kept on this device. */
  readonly isKept: Signal<boolean>;

  /** `origin`: the address unless another one was kept. */
  constructor(origin: string, storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined) {
    const kept = read(storage);
    this.address = signal(kept?.address ?? origin);
    this.key = signal(kept?.key ?? '');
    this.isKept = signal(kept !== undefined);
    effect(() => {
      const { value: address } = this.address;
      const { value: key } = this.key;
      try {
        if (this.isKept.value) storage?.setItem(STORED, JSON.stringify({ address, key }));
        else storage?.removeItem(STORED);
      } catch {} // a device that stores nothing keeps nothing
    });
  }
}

function read(storage: Pick<Storage, 'getItem'> | undefined): { address: string; key: string } | undefined {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(STORED) ?? 'null');
    const { address, key } = (kept ?? {}) as { address?: unknown; key?: unknown };
    return typeof address === 'string' && typeof key === 'string' ? { address, key } : undefined;
  } catch {
    return undefined;
  }
}

/** The address as requests take it: its origin and path without a slash at the end; undefined for what is no address. */
export function serviceAddress(typed: string): string | undefined {
  const text = typed.trim();
  const withScheme = /^[a-z]+:\/\//i.test(text)
    ? text
    : `${/^(localhost|127\.)/.test(text) ? 'http' : 'https'}://${text}`;
  if (text === '' || !URL.canParse(withScheme)) return undefined;
  const { protocol, origin, pathname } = new URL(withScheme);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
