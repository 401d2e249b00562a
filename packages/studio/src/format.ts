/** Numbers as people read them; a figure keeps its width while it changes. */

/** `6.8 %` */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** `4.2 ms`, `120 ms`, `1.3 s`. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** `145 kB`, `3.93 MB`, `20 MB`, `1.2 GB`. */
export function bytes(count: number): string {
  if (count === 0) return '0 kB';
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(count < 1e7 ? 2 : 0)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}

/** `840`, `12.3k`, `4.5M`. */
export function compact(count: number): string {
  if (count < 1000) return String(Math.round(count));
  const [value, unit] = count < 1e6 ? [count / 1e3, 'k'] : [count / 1e6, 'M'];
  return `${value < 100 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

/** `3,770,304` */
export function whole(count: number): string {
  return Math.round(count).toLocaleString('en');
}
