/** A number from 0 to 1 that a text and a seed decide: the same text falls on the same side of every split. */

/** FNV-1a in two lanes with a final mix: 53 bits, so that different texts in practice never meet. */
export function textKey(text: string, seed: number): number {
  let a = 0x811c9dc5 ^ seed;
  let b = 0x9e3779b9 ^ Math.imul(seed + 1, 0x85ebca6b);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0xc2b2ae35);
    b ^= b >>> 15;
  }
  a = mixed(a ^ (b >>> 7));
  b = mixed(b ^ a);
  return ((a >>> 0) * 0x200000 + (b >>> 11)) / 2 ** 53;
}

function mixed(value: number): number {
  let n = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  n = Math.imul(n ^ (n >>> 13), 0xc2b2ae35);
  return n ^ (n >>> 16);
}
