import assert from 'node:assert/strict';
import { test } from 'node:test';
import { belowOf, upperHalf } from './distributions.ts';
import { keyedRandom, philox2x32, seedStream, streamOver } from './index.ts';
import type { RandomStream } from './contract.ts';

function seeded(seed = 'a', name = 'weather'): { words: Uint32Array; stream: RandomStream } {
  const words = new Uint32Array(new SharedArrayBuffer(48));
  seedStream(words, 4, seed, name);
  return { words, stream: streamOver(words, 4) };
}

/** The published C code again, in whole numbers without end: `rotl(s[1] * 5, 7) * 9` and so on. */
function* reference(state: readonly bigint[]): Iterable<number> {
  const word = (value: bigint): bigint => value & 0xffff_ffffn;
  const turned = (value: bigint, by: bigint): bigint => word((value << by) | (value >> (32n - by)));
  const s = [...state] as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number(word(turned(word(s[1] * 5n), 7n) * 9n));
    const t = word(s[1] << 9n);
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turned(s[3], 11n);
  }
}

test('a stream is xoshiro128**, by its published vectors', () => {
  const words = Uint32Array.of(1, 2, 3, 4);
  const stream = streamOver(words, 0);
  const drawn = Array.from({ length: 10 }, () => stream.uint32());
  // What the C code prints for the state 1, 2, 3, 4; other implementations state the same.
  assert.deepEqual(
    drawn,
    [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
      4258142804,
    ],
  );
});

test('a stream is xoshiro128**, beside the algorithm in BigInt', () => {
  const { words, stream } = seeded();
  let left = 10_000;
  for (const expected of reference([...words.subarray(4, 8)].map(BigInt))) {
    assert.equal(stream.uint32(), expected);
    left -= 1;
    if (left === 0) break;
  }
});

test('all of a stream is in its four words', () => {
  const { words, stream } = seeded();
  stream.normal();
  const kept = words.slice();
  const draw = (from: RandomStream): readonly number[] => [
    from.uint32(),
    from.float(),
    from.normal(),
    from.below(10),
    from.normal(),
  ];
  const straight = draw(stream);
  assert.deepEqual(draw(streamOver(kept, 4)), straight);
  assert.deepEqual(kept, words);
  assert.deepEqual([...words.subarray(0, 4)], [0, 0, 0, 0], 'words of others stay as they are');
});

test('a seed gives the same numbers in every version', () => {
  const { words } = seeded('a', 'weather');
  assert.deepEqual([...words.subarray(4, 8)], [3967116241, 3812811343, 1865181886, 1340180746]);
  const keyed = keyedRandom('a').at(1, 2);
  assert.deepEqual(
    [keyed.uint32(), keyed.uint32(), keyed.uint32()],
    [579338853, 2745740036, 1500267060],
  );
});

test('streams differ by seed and by name, and never stand still', () => {
  const starts = [
    seeded('a', 'b'),
    seeded('a', 'c'),
    seeded('b', 'b'),
    seeded('ab', ''),
    seeded('', ''),
  ];
  const first = new Set(starts.map(({ words }) => words.join()));
  assert.equal(first.size, starts.length);
  assert.throws(() => streamOver(new Uint32Array(4), 1), RangeError);
});

test('floats are in [0, 1) and use 53 bits', () => {
  const { stream } = seeded();
  let ones = 0;
  for (let draw = 0; draw < 20_000; draw += 1) {
    const value = stream.float();
    assert.ok(value >= 0 && value < 1);
    assert.equal(value * 2 ** 53, Math.floor(value * 2 ** 53));
    ones += (value * 2 ** 53) % 2;
  }
  assert.ok(Math.abs(ones - 10_000) < 500, `the last bit was set ${ones} times`);
});

test('normal deviates have the moments of a normal distribution', () => {
  const { stream } = seeded();
  const count = 50_000;
  let [sum, squares, fourth] = [0, 0, 0];
  for (let draw = 0; draw < count; draw += 1) {
    const value = stream.normal();
    sum += value;
    squares += value ** 2;
    fourth += value ** 4;
  }
  assert.ok(Math.abs(sum / count) < 0.02);
  assert.ok(Math.abs(squares / count - 1) < 0.03);
  assert.ok(Math.abs(fourth / count - 3) < 0.2);
});

test('below gives each number alike, and never the bound', () => {
  const { stream } = seeded();
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (let draw = 0; draw < 70_000; draw += 1) counts[stream.below(7)]! += 1;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, counts.join());
  assert.equal(stream.below(1), 0);
  assert.ok(stream.below(2 ** 32) <= 2 ** 32 - 1);
  for (const wrong of [0, -1, 1.5, NaN, 2 ** 32 + 1])
    assert.throws(() => stream.below(wrong), RangeError);
});

test('below draws again for the words that would be unfair', () => {
  // 2^32 modulo 3 is 1: of all words just the one with a lower half of 0 is one too many.
  const words = [0, 0x5555_5556];
  assert.equal(belowOf({ uint32: () => words.shift()! }, 3), 1);
  assert.equal(words.length, 0);
});

test('the upper half of a product is exact', () => {
  const { stream } = seeded();
  for (let draw = 0; draw < 5_000; draw += 1) {
    const [a, b] = [stream.uint32(), stream.uint32()];
    assert.equal(upperHalf(a, b), Number((BigInt(a) * BigInt(b)) >> 32n));
  }
  assert.equal(upperHalf(0xffffffff, 0xffffffff), 0xfffffffe);
});

test('philox2x32-10 has the known answers of Random123', () => {
  assert.deepEqual(philox2x32(0, 0, 0), [0xff1dae59, 0x6cd10df2]);
  assert.deepEqual(philox2x32(0xffffffff, 0xffffffff, 0xffffffff), [0x2c3f628b, 0xab4fd7ad]);
  assert.deepEqual(philox2x32(0x13198a2e, 0x243f6a88, 0x85a308d3), [0xdd7ce038, 0xf62a4c12]);
});

test('numbers by id and tick do not depend on who was asked before', () => {
  const one = keyedRandom('seed');
  const drawn = (id: number, tick: number): readonly number[] => {
    const stream = one.at(id, tick);
    return [stream.uint32(), stream.uint32(), stream.uint32(), stream.float(), stream.below(9)];
  };
  const first = drawn(3, 10);
  const other = drawn(4, 10);
  one.at(3, 10).uint32();
  assert.deepEqual(drawn(3, 10), first);
  assert.notDeepEqual(other, first);
  assert.notDeepEqual(drawn(3, 11), first);
  assert.notEqual(keyedRandom('other').at(3, 10).uint32(), first[0]);
  assert.equal(new Set(first.slice(0, 3)).size, 3);
});
