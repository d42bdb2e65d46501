// Damage: every flipped bit and every missing end is found, and a file that lies about its lengths is refused before anybody
// allocates by them.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canonicalBytes, digestHex, digestOf, isFailure, type ErrorCode } from '@stillpoint/core';
import { createCheckpointWriter, openCheckpoint } from './index.ts';
import {
  decodeTrailer,
  encodeTrailer,
  HEADER_BYTES,
  TRAILER_BYTES,
  wholeDigest,
} from './layout.ts';
import type { StoredSection, Table } from './table.ts';
import { factsOf, randomFrom, smallShapes, stateOf } from './testing/states.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const FLIPS = soak ? 2000 : 200;
const TRUNCATIONS = soak ? 300 : 50;

let directory = '';
/** Whole, with raw and compressed sections; and one that rests on it. */
const files = { whole: '', incremental: '' };

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-damage-'));
  const state = stateOf([...smallShapes, { name: 'current/mask', dtype: 'i32', shape: [40_000] }]);
  const writer = createCheckpointWriter({ runDirectory: directory, fullEvery: 2 });
  for (const [tick, name] of [
    [1, 'whole'],
    [2, 'incremental'],
  ] as const) {
    state.bytes('current/mask')[70_000] = tick;
    writer.offer({ facts: factsOf(tick), sections: state.sections, release: () => {} });
    const [outcome] = await writer.drain();
    assert.ok(outcome?.outcome === 'written');
    files[name] = outcome.file;
  }
  await writer.close();
});

after(() => rm(directory, { recursive: true, force: true }));

async function verify(file: string): Promise<void> {
  await using checkpoint = await openCheckpoint(file);
  await checkpoint.verify();
}

async function refusalOf(file: string): Promise<ErrorCode> {
  try {
    await verify(file);
  } catch (error) {
    if (isFailure(error)) return error.code;
    throw error;
  }
  return assert.fail(`nothing was found in ${file}`);
}

for (const name of ['whole', 'incremental'] as const) {
  describe(`the ${name} file`, () => {
    test(`each of ${FLIPS} flipped bits is found, and names a checkpoint that is damaged`, async () => {
      const file = path.join(directory, `${name}.flipped`);
      const bytes = await readFile(files[name]);
      await writeFile(file, bytes);
      await using handle = await open(file, 'r+');
      const random = randomFrom(11);
      for (let count = 0; count < FLIPS; count += 1) {
        const at = random() % bytes.length;
        const was = bytes[at] as number;
        await handle.write(Uint8Array.of(was ^ (1 << (random() % 8))), 0, 1, at);
        const code = await refusalOf(file);
        assert.equal(code, at < 8 ? 'CKPT_FOREIGN' : 'CKPT_DAMAGED', `byte ${at}`);
        await handle.write(Uint8Array.of(was), 0, 1, at);
      }
      await verify(file);
    });

    test(`each of ${TRUNCATIONS} missing ends is found`, async () => {
      const file = path.join(directory, `${name}.short`);
      const bytes = await readFile(files[name]);
      const random = randomFrom(13);
      const lengths = [0, 7, 8, 63, 64, 127, 128, bytes.length - 1, bytes.length - 64];
      while (lengths.length < TRUNCATIONS) lengths.push(random() % bytes.length);
      for (const length of lengths) {
        await writeFile(file, bytes);
        await truncate(file, length);
        const code = await refusalOf(file);
        assert.equal(code, length < 8 ? 'CKPT_FOREIGN' : 'CKPT_DAMAGED', `${length} bytes`);
      }
    });
  });
}

test('what is behind the end is found', async () => {
  const file = path.join(directory, 'longer');
  await writeFile(file, Buffer.concat([await readFile(files.whole), Buffer.alloc(64)]));
  assert.equal(await refusalOf(file), 'CKPT_DAMAGED');
});

test('files of other kinds are named as such', async () => {
  const file = path.join(directory, 'foreign');
  for (const content of ['', 'x', 'PK\u0003\u0004 a zip', 'STPTLENS0000000000', '{"json":1}'])
    await writeFile(file, content).then(async () =>
      assert.equal(await refusalOf(file), 'CKPT_FOREIGN', content),
    );
  assert.equal(await refusalOf(path.join(directory, 'none')), 'CKPT_MISSING');
  assert.equal(await refusalOf(directory), 'CKPT_UNREADABLE');
});

/** The file with other contents of its table, and digests that are right for it. */
async function withTable(file: string, change: (table: Table) => unknown): Promise<Buffer> {
  const bytes = await readFile(file);
  const trailer = decodeTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length);
  assert.ok(typeof trailer !== 'string');
  const { tableOffset, tableBytes } = trailer;
  const text = bytes.subarray(tableOffset, tableOffset + tableBytes).toString('utf8');
  const table = canonicalBytes(change(JSON.parse(text) as Table));
  const digest = wholeDigest(bytes.subarray(0, HEADER_BYTES), table);
  return Buffer.concat([
    bytes.subarray(0, tableOffset),
    table,
    encodeTrailer({ tableOffset, tableBytes: table.length, digest }),
  ]);
}

/** What a fuzzer writes into the entry of a section. */
const lies: readonly Partial<Record<keyof StoredSection, unknown>>[] = [
  { plainBytes: 2 ** 50 },
  { plainBytes: 2 ** 50, shape: [2 ** 48] },
  { plainBytes: 8 * 2 ** 30, shape: [2 ** 31], codec: 'zstd', blocks: [5] },
  { plainBytes: -4, shape: [-1] },
  { plainBytes: 1.5 },
  { storedBytes: 2 ** 40 },
  { storedBytes: 0 },
  { offset: 0 },
  { offset: 2 ** 52 },
  { offset: '128' },
  { codec: 'gzip' },
  { codec: 'raw' },
  { blocks: null },
  { blocks: [] },
  { blocks: [2 ** 31] },
  { blocks: [-1, 1] },
  { blocks: { length: 2 ** 31 } },
  { pages: [[0, 2 ** 40]] },
  {
    pages: [
      [0, 1],
      [0, 1],
    ],
  },
  { pages: [[-1, 1]] },
  { pages: 'all' },
  { dtype: 'f128' },
  { dtype: 'u8' },
  { shape: null },
  { shape: [[1]] },
  { name: '' },
  { name: 'current/@clock' },
  { digest: 'blake3:00' },
  { digest: null },
  { storedDigest: 'blake3:00' },
];

for (const name of ['whole', 'incremental'] as const) {
  test(`a table of the ${name} file that lies is refused, and nothing is allocated by it`, async () => {
    const file = path.join(directory, `${name}.lies`);
    for (const lie of lies) {
      await writeFile(
        file,
        await withTable(files[name], (table) => ({
          ...table,
          sections: table.sections.map((section) =>
            section.name === 'current/mask' ? { ...section, ...lie } : section,
          ),
        })),
      );
      const before = process.memoryUsage();
      assert.equal(await refusalOf(file), 'CKPT_DAMAGED', JSON.stringify(lie));
      const { arrayBuffers, heapTotal } = process.memoryUsage();
      const grownBytes = arrayBuffers - before.arrayBuffers + (heapTotal - before.heapTotal);
      assert.ok(grownBytes < 32 * 2 ** 20, `${JSON.stringify(lie)} took ${grownBytes} bytes`);
    }
  });
}

test('a page that neither the file nor its base has is damage, before the section is allocated', async () => {
  const file = path.join(directory, 'pageless');
  const elements = 2 ** 36;
  await writeFile(
    file,
    await withTable(files.incremental, (table) => ({
      ...table,
      sections: table.sections.map((section) =>
        section.name === 'current/mask'
          ? { ...section, shape: [elements], plainBytes: elements * 4 }
          : section,
      ),
    })),
  );
  await using checkpoint = await openCheckpoint(file);
  await assert.rejects(
    checkpoint.read('current/mask'),
    (error) => isFailure(error, 'CKPT_DAMAGED') && /its base has not/.test(error.message),
  );
});

test('a block that unpacks to more than its place is refused without being unpacked', async () => {
  const state = stateOf([{ name: 'current/zeros', dtype: 'u8', shape: [2 ** 20] }]);
  state.bytes('current/zeros').fill(0);
  const writer = createCheckpointWriter({ runDirectory: directory });
  writer.offer({ facts: factsOf(7), sections: state.sections, release: () => {} });
  const [outcome] = await writer.drain();
  await writer.close();
  assert.ok(outcome?.outcome === 'written');
  const file = path.join(directory, 'bomb');
  await writeFile(
    file,
    await withTable(outcome.file, (table) => ({
      ...table,
      sections: table.sections.map((one) => ({ ...one, shape: [1000], plainBytes: 1000 })),
    })),
  );
  await using checkpoint = await openCheckpoint(file);
  await assert.rejects(checkpoint.read('current/zeros'), (error) =>
    isFailure(error, 'CKPT_DAMAGED'),
  );
});

test('tables with other facts, bases or garbage are refused', async () => {
  const file = path.join(directory, 'garbage');
  const changes: readonly ((table: Table) => unknown)[] = [
    () => null,
    () => [],
    () => 'text',
    ({ sections }) => ({ sections }),
    (table) => ({ ...table, sections: null }),
    (table) => ({ ...table, sections: [null] }),
    (table) => ({ ...table, sections: [...table.sections, ...table.sections] }),
    (table) => ({ ...table, sections: table.sections.toReversed() }),
    (table) => ({ ...table, sections: table.sections.slice(1) }),
    (table) => ({ ...table, base: { ...table.base, file: '../elsewhere' } }),
    (table) => ({ ...table, base: { file: 'x.ckpt', digest: 'none' } }),
    (table) => ({ ...table, facts: { ...table.facts, tick: 9 } }),
    (table) => ({ ...table, facts: { ...table.facts, world: null } }),
    (table) => ({ ...table, facts: { ...table.facts, stateHash: 'x' } }),
  ];
  for (const change of changes) {
    await writeFile(file, await withTable(files.whole, change));
    assert.equal(await refusalOf(file), 'CKPT_DAMAGED', String(change));
  }
});

test('bytes at random behind a good header are refused', async () => {
  const file = path.join(directory, 'random');
  const header = (await readFile(files.whole)).subarray(0, HEADER_BYTES);
  const random = randomFrom(17);
  for (let count = 0; count < 100; count += 1) {
    const rest = Buffer.from(Uint8Array.from({ length: 64 + (random() % 500) }, () => random()));
    if (count % 2 === 0) rest.write('CKPTEND.', rest.length - 8, 'latin1');
    await writeFile(file, Buffer.concat([header, rest]));
    assert.equal(await refusalOf(file), 'CKPT_DAMAGED');
  }
});

test('a file of a later major version is refused by its version, not as damaged', async () => {
  const file = path.join(directory, 'later');
  const bytes = await readFile(files.whole);
  bytes.writeUInt16LE(2, 8);
  Buffer.from(digestHex(digestOf(bytes.subarray(0, 48))), 'hex').copy(bytes, 48, 0, 16);
  await writeFile(file, bytes);
  assert.equal(await refusalOf(file), 'CKPT_VERSION');
});

test('a table of any length is read, and a flipped bit in it is found', async () => {
  for (const count of [1, 320, 900]) {
    const place = path.join(directory, `sections-${count}`);
    await mkdir(place);
    const shapes = Array.from({ length: count }, (_, at) => ({
      name: `current/part${at}`,
      dtype: 'f64' as const,
      shape: [1],
    }));
    const writer = createCheckpointWriter({ runDirectory: place });
    writer.offer({
      facts: factsOf(1),
      sections: stateOf(shapes).sections,
      release: () => {},
    });
    const [outcome] = await writer.drain();
    await writer.close();
    assert.ok(outcome?.outcome === 'written');
    await verify(outcome.file);
    const bytes = await readFile(outcome.file);
    const trailer = decodeTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length);
    assert.ok(typeof trailer === 'object');
    // One table that lies in the part of the end that is read at once, and one that does not.
    if (count > 1) assert.equal(trailer.tableBytes > 128 * 1024, count === 900);
    for (const at of [trailer.tableOffset, trailer.tableOffset + trailer.tableBytes - 1]) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1;
      await writeFile(outcome.file, damaged);
      assert.equal(await refusalOf(outcome.file), 'CKPT_DAMAGED');
    }
  }
});
