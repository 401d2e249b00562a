/** What somebody can do about a request to a service that failed, by its code. */
import type { ErrorCode } from '@lacuna/core/errors';

export interface Situation {
  readonly code: ErrorCode;
  /** The service's address. */
  readonly address: string;
  /** This page's origin. */
  readonly origin: string;
  /** Whether something answers there, whatever it says; looked at where the request itself got no answer. */
  readonly isReachable?: boolean;
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  unauthorized:
    'The service does not know this key. The one that `npm start` printed works until it is stopped; `lacuna keys create` makes others.',
  forbidden: 'The key is known, but may not publish: it needs the scope `write`.',
  body_too_large: 'The file is too large for this service. Publish the int8 file, or distil a smaller student.',
  model_too_large: 'The model would need too much memory there. Distil a smaller student.',
  name_taken: 'The name belongs to one of the service’s own models. Choose another.',
  precondition_failed: 'There is a model of this name already. Allow a new version of it, or choose another name.',
  conflict:
    'Somebody else published at the same moment, or there are too many versions. Try again, or delete old ones.',
  rate_limited: 'Too many requests. Wait a minute and try again.',
  unavailable: 'The service is busy, or has no storage for models. Try again in a moment.',
  timeout: 'The connection is too slow for the file, or the service hangs. Try again, or publish the int8 file.',
  model_loading: 'The model is still loading there. Ask again in a moment.',
  unknown_model: 'The service does not know the model yet: other places see it after ten seconds at most.',
  unknown_route: 'Something answers there, but it is no Lacuna service of this version.',
  internal: 'What answers there may be no Lacuna service. Is the address right?',
  aborted: 'You stopped it. Nothing was published.',
};

export function adviceFor({ code, address, origin, isReachable }: Situation): string | undefined {
  if (code !== 'network') return ADVICE[code];
  const isLocal = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/.test(address);
  if (origin.startsWith('https:') && address.startsWith('http:') && !isLocal) {
    return 'This page came over https, so the browser refuses to call http. Give the service’s https address.';
  }
  if (isReachable && new URL(address).origin !== origin) {
    return `Something answers there, but it does not let pages of ${origin} call it. A service of yours does with CORS_ORIGINS in its wrangler.toml.`;
  }
  return isLocal
    ? 'Nothing answers there. `npm start` starts a service on this machine.'
    : 'Nothing answers there. Is the address right, and are you online?';
}

/** Whether something answers at an address, without being told what: no page is refused that. */
export async function isReachable(address: string): Promise<boolean> {
  try {
    await fetch(new URL('/healthz', address), {
      mode: 'no-cors',
      cache: 'no-store',
      signal: AbortSignal.timeout(3_000),
    });
    return true;
  } catch {
    return false;
  }
}
