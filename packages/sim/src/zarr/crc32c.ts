// CRC-32C (Castagnoli), which Zarr's codec of that name has and zlib has not. Eight bytes at a time.
// Source: RFC 3720, appendix B.4; "slicing-by-8", Kounavis and Berry, 2005.

const POLYNOMIAL = 0x82f6_3b78;
const tables = makeTables();

function makeTables(): readonly Int32Array[] {
  const made = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1)
      sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ POLYNOMIAL;
    made[0]![byte] = sum;
  }
  for (let byte = 0; byte < 256; byte += 1)
    for (let table = 1; table < 8; table += 1) {
      const before = made[table - 1]![byte]!;
      made[table]![byte] = made[0]![before & 0xff]! ^ (before >>> 8);
    }
  return made;
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** Shorter ones are not worth the multiplications. */
const LEAST_LANES_BYTES = 4096;

/**
 * Three thirds side by side: each table's answer takes longer to come than to be asked for. A third that begins with nothing is right but
 * for what was before it, which is moved over its length.
 */
export function crc32c(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  if (length < LEAST_LANES_BYTES) return ~sumOf(view, 0, length, -1) >>> 0;
  const lane = Math.floor(length / 24) * 8;
  const twice = lane * 2;
  let first = -1;
  let second = 0;
  let third = 0;
  for (let at = 0; at < lane; at += 8) {
    first = eightMore(view, at, first);
    second = eightMore(view, lane + at, second);
    third = eightMore(view, twice + at, third);
  }
  const byLane = powerOfX(lane * 8);
  const joined = multiplied(byLane, multiplied(byLane, first) ^ second) ^ third;
  return ~sumOf(view, lane * 3, length, joined) >>> 0;
}

function sumOf(view: DataView, from: number, to: number, before: number): number {
  let sum = before;
  let at = from;
  for (const end = to - 7; at < end; at += 8) sum = eightMore(view, at, sum);
  for (; at < to; at += 1) sum = t0[(sum ^ view.getUint8(at)) & 0xff]! ^ (sum >>> 8);
  return sum;
}

function eightMore(view: DataView, at: number, sum: number): number {
  const low = view.getInt32(at, true) ^ sum;
  const high = view.getInt32(at + 4, true);
  return (
    t7[low & 0xff]! ^
    t6[(low >>> 8) & 0xff]! ^
    t5[(low >>> 16) & 0xff]! ^
    t4[low >>> 24]! ^
    t3[high & 0xff]! ^
    t2[(high >>> 8) & 0xff]! ^
    t1[(high >>> 16) & 0xff]! ^
    t0[high >>> 24]!
  );
}

/** Of two polynomials, modulo the one of the checksum. Bits are reversed: x to the power of 0 is the highest. */
function multiplied(one: number, other: number): number {
  let product = 0;
  let shifted = other;
  for (let bit = 31; bit >= 0; bit -= 1) {
    if (((one >>> bit) & 1) === 1) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product;
}

function powerOfX(exponent: number): number {
  let power = 1 << 31;
  let square = 1 << 30;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiplied(square, power);
    square = multiplied(square, square);
  }
  return power;
}
