/** What stands around one gap of a text, cut to what is read at a glance. */

const MASK = '[MASK]';
/** Letters on each side. */
const REACH = 48;

/** The other gaps are dots. */
export function around(text: string, gap: number): { readonly before: string; readonly after: string } {
  const pieces = text.split(MASK);
  const before = pieces.slice(0, gap + 1).join('…');
  const after = pieces.slice(gap + 1).join('…');
  return {
    before: before.length > REACH ? `…${before.slice(-REACH).replace(/^[\s….]+/, '')}` : before,
    after: after.length > REACH ? `${after.slice(0, REACH).replace(/[\s….]+$/, '')}…` : after,
  };
}
