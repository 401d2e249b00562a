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

/** `145 kB`, `3.93 MB`. */
export function bytes(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} MB`;
  return count >= 1e3 ? `${(count / 1e3).toFixed(0)} kB` : `${count} B`;
}

/** `3,770,304` */
export function whole(count: number): string {
  return Math.round(count).toLocaleString('en');
}
