/** What an answer of fill-mask may weigh: each candidate carries its whole text, so that a small request can ask for much. */
import { DEFAULT_TOP_K, LacunaError, MASK } from '@lacuna/core/inference';
import { MAX_RESPONSE_BYTES } from './limits.ts';

/** Of a candidate's JSON besides its text: the fields' names, two numbers, the piece itself. */
const CANDIDATE_BYTES = 120;

interface CandidateOptions {
  readonly top_k?: number | undefined;
  readonly targets?: readonly string[] | undefined;
}

/** Bytes that the candidates of all texts may take as JSON; what is known before a model is asked. */
export function responseBytes(texts: readonly string[], { top_k, targets }: CandidateOptions): number {
  const asked = top_k ?? targets?.length ?? DEFAULT_TOP_K;
  const candidates = Math.min(asked, targets?.length ?? asked);
  const encoder = new TextEncoder();
  let bytes = 0;
  for (const text of texts) {
    const gaps = text.split(MASK).length - 1;
    bytes += gaps * candidates * (encoder.encode(JSON.stringify(text)).length + CANDIDATE_BYTES);
  }
  return bytes;
}

/** Throws `response_too_large`. */
export function requireModestResponse(texts: readonly string[], options: CandidateOptions): void {
  const bytes = responseBytes(texts, options);
  if (bytes <= MAX_RESPONSE_BYTES) return;
  throw new LacunaError(
    'response_too_large',
    `fill-mask: expected candidates of at most ${MAX_RESPONSE_BYTES} bytes in all, as each carries its text, ` +
      `got ${bytes}. Ask for a smaller top_k, or send fewer gaps, fewer texts or shorter ones.`,
    { bytes, limit: MAX_RESPONSE_BYTES },
  );
}
