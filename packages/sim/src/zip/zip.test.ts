import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { createZipWriter, fileSource, NotAZip, readZip, type RangeSource } from './index.ts';
import { directoryHeader, endRecords } from './records.ts';

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-zip-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const contents: Readonly<Record<string, Uint8Array>> = {
  'zarr.json': Buffer.from('{}'),
  'temperature/c/0/0': Buffer.alloc(100_000, 7),
  'größe/零': Buffer.from([0, 1, 2, 255]),
  empty: new Uint8Array(),
};

async function write(file: string): Promise<void> {
  await using handle = await open(file, 'wx');
  const zip = createZipWriter(handle);
  for (const [name, bytes] of Object.entries(contents)) {
    const entry = zip.begin(name);
    for (let at = 0; at < bytes.length; at += 30_000)
      await entry.write(bytes.subarray(at, at + 30_000));
    await entry.end();
  }
  const { sizeBytes } = await zip.finish();
  assert.equal((await handle.stat()).size, sizeBytes);
}

function sourceOf(bytes: Uint8Array): RangeSource {
  return {
    name: 'bytes',
    sizeBytes: bytes.length,
    async read(offset, length) {
      assert.ok(
        offset >= 0 && length >= 0 && offset + length <= bytes.length,
        'reads inside of the file only',
      );
      return bytes.slice(offset, offset + length);
    },
  };
}

test('what was written is found, in pieces', async (t) => {
  const file = path.join(directoryOf(t), 'a.zip');
  await write(file);
  await using source = await fileSource(file);
  const entries = await readZip(source);
  assert.deepEqual([...entries.keys()], Object.keys(contents));
  for (const [name, bytes] of Object.entries(contents)) {
    const entry = entries.get(name)!;
    assert.deepEqual(
      Buffer.from(await source.read(entry.offsetBytes, entry.sizeBytes)),
      Buffer.from(bytes),
    );
    assert.equal(entry.crc32, crc32(bytes));
  }
});

test('Python opens it and finds no fault', async (t) => {
  const file = path.join(directoryOf(t), 'a.zip');
  await write(file);
  const script = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as zip:
    assert zip.testzip() is None
    print(*(f"{entry.filename} {entry.file_size}" for entry in zip.infolist()), sep="\\n")`;
  const said = execFileSync('python3', ['-c', script, file], { encoding: 'utf8' });
  assert.deepEqual(
    said.trim().split('\n'),
    Object.entries(contents).map(([name, bytes]) => `${name} ${bytes.length}`),
  );
});

test('a cut or changed directory is refused, and nothing is read outside of the file', async (t) => {
  const file = path.join(directoryOf(t), 'a.zip');
  await write(file);
  const whole = readFileSync(file);
  for (let length = 0; length < whole.length; length += length > whole.length - 500 ? 1 : 997)
    await assert.rejects(readZip(sourceOf(whole.subarray(0, length))), NotAZip, `cut at ${length}`);
  for (let at = whole.length - 400; at < whole.length; at += 1) {
    const flipped = Uint8Array.from(whole);
    flipped[at]! ^= 0x80;
    // What is not refused is found by the digests that users of an entry have.
    await readZip(sourceOf(flipped)).catch((error: unknown) => {
      assert.ok(error instanceof NotAZip, String(error));
    });
  }
  writeFileSync(file, 'not a zip at all, but long enough to be one');
  await using source = await fileSource(file);
  await assert.rejects(readZip(source), NotAZip);
});

test('entries behind 4 GB are found by zip64', async () => {
  // Only the end of such a file is made; what is before it is never read.
  const name = Buffer.from('far');
  const headerOffsetBytes = 5_000_000_000;
  const directory = directoryHeader({ name, crc32: 1, sizeBytes: 10, headerOffsetBytes });
  const directoryOffset = headerOffsetBytes + 30 + name.length + 10;
  const tail = Buffer.concat([directory, endRecords(1, directoryOffset, directory.length)]);
  const source: RangeSource = {
    name: 'far',
    sizeBytes: directoryOffset + tail.length,
    async read(offset, length) {
      const out = new Uint8Array(length);
      for (let at = 0; at < length; at += 1) out[at] = tail[offset + at - directoryOffset] ?? 0;
      return out;
    },
  };
  const entries = await readZip(source);
  assert.equal(entries.get('far')?.offsetBytes, headerOffsetBytes + 30 + name.length);
});
