/** Numbers as people write them: `20M`, `1.5k`, `2e-3`, `1_000`; and back, short, for progress lines. */

const SCALES: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, B: 1e9 };

/** The number that `text` says, or undefined. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([kKMmGB]?)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  const scale = suffix === '' ? 1 : (SCALES[suffix] ?? SCALES[suffix === 'K' ? 'k' : 'M'] ?? 1);
  const value = Number(digits.replaceAll('_', '')) * scale;
  // 1.1k is 1100 and not 1100.0000000000002.
  return Number.isFinite(value) ? Number(value.toPrecision(15)) : undefined;
}

/** `12.3M`, `4.5k`, `87`. */
export function formatQuantity(value: number): string {
  for (const [suffix, scale] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (Math.abs(value) >= scale) return `${(value / scale).toFixed(Math.abs(value) >= 100 * scale ? 0 : 1)}${suffix}`;
  }
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** `1 h 02 min`, `3 min 20 s`, `8 s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '…';
  const whole = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, '0');
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${whole} s`;
}

/** `1.9 MB`, decimal. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(2)} MB`;
  if (bytes >= 1e3) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${bytes} B`;
}
