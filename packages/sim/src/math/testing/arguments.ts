// Arguments for functions, seeded and made by exact operations only, so that every machine gets the same; and distances in ulps.

type Pair = readonly [x: number, y: number];

/** Numbers of all sizes, near 0, near 1, and those that the function is mostly asked for. */
export function* argumentsOf(name: string, count: number): Iterable<Pair> {
  const word = wordsFrom(Buffer.from(name).reduce((sum, byte) => sum * 31 + byte, 7));
  const unit = (): number => (word() * 2 ** 21 + (word() >>> 11)) * 2 ** -53;
  const sized = (reach: number): number =>
    (unit() - 0.5) * 2 ** (Math.floor(unit() * 2 * reach) - reach);
  for (let index = 0; index < count; index += 1) {
    const kind = index % 4;
    const y = kind === 0 ? (unit() - 0.5) * 60 : kind === 1 ? sized(8) : sized(60);
    let x = sized(kind === 3 ? 1020 : 60);
    if (kind === 0) x = (unit() - 0.5) * 60;
    if (kind === 1) x = 1 + sized(30) * 2 ** -30;
    if (kind === 2) x = (unit() - 0.5) * 2;
    yield [name === 'pow' && index % 8 < 7 ? Math.abs(x) : x, y];
  }
}

/** Marsaglia, "Xorshift RNGs", 2003. */
function wordsFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

/** How many doubles lie between the two; 0 for two NaN, and for 0 and -0. */
export function ulpsBetween(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Infinity;
  return Math.abs(Number(place(a) - place(b)));
}

function place(x: number): bigint {
  double[0] = x;
  const word = bits[0] as bigint;
  return word < 0n ? -(word & 0x7fff_ffff_ffff_ffffn) : word;
}
