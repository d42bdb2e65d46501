// Any JSON value, from a seed: what is told with a failing seed is found again.

export type Random = () => number;

/** mulberry32: 0 <= n < 1. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomJson(random: Random, depth = 0): unknown {
  const kind = Math.floor(random() * (depth > 5 ? 5 : 8));
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return Math.floor((random() - 0.5) * 10 ** Math.floor(random() * 18)) + 0;
  if (kind === 3) return randomDouble(random);
  if (kind === 4) return randomText(random);
  const length = Math.floor(random() * 6);
  if (kind === 5) return Array.from({ length }, () => randomJson(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length }, () => [randomText(random), randomJson(random, depth + 1)]),
  );
}

// oxfmt-ignore
const pieces: readonly string[] = [
  '', ' ', '"', '\\', '\\\\', '\\u0000', '\\ud800', '/', '\n', '\t', '\u0001', '\u001f',
  '\u007f', '\u0080', 'é', 'ß', '\u2028', '\ufeff', '\ufffd', '\uffff', '日本', '😀', '𝄞',
  '__proto__', 'constructor', 'toString', '1', '-1', 'null', '{}', "'", '$1', '%', '\u0301',
];

export function randomText(random: Random): string {
  return Array.from(
    { length: Math.floor(random() * 5) },
    () => pieces[Math.floor(random() * pieces.length)],
  ).join('');
}

/** Of all bits, so of all sizes; 0 is never -0, which JSON does not have. */
export function randomDouble(random: Random): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, random() * 2 ** 32);
  view.setUint32(4, random() * 2 ** 32);
  const value = view.getFloat64(0);
  return Number.isFinite(value) ? value + 0 : 0.1;
}
