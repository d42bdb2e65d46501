// Writing behind: what the disk refused once is refused at the end, though the system says it only once.
import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createWriteBehind } from './write-behind.ts';

const MIB = 1024 * 1024;

async function fileFor(t: TestContext): Promise<{ file: string; handle: FileHandle }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-behind-'));
  const file = path.join(directory, 'file');
  const handle = await open(file, 'wx');
  t.after(async () => {
    await handle.close();
    await rm(directory, { recursive: true });
  });
  return { file, handle };
}

test('a file that is written behind holds what it was given, and was sent to the disk on the way', async (t) => {
  const { file, handle } = await fileFor(t);
  const sent: number[] = [];
  let bytes = 0;
  const counted = Object.assign(Object.create(handle) as FileHandle, {
    write: handle.write.bind(handle),
    sync: handle.sync.bind(handle),
    datasync: async () => {
      sent.push(bytes);
      await handle.datasync();
    },
  });
  const writer = createWriteBehind(counted);
  const pieces = Array.from({ length: 40 }, (_, at) => new Uint8Array(MIB).fill(at));
  for (const piece of pieces) {
    await writer.write(piece, bytes);
    bytes += piece.length;
  }
  await writer.sync();
  assert.ok(sent.length > 0, 'nothing was sent before the end');
  assert.equal(Buffer.compare(await readFile(file), Buffer.concat(pieces)), 0);
});

test('what the disk lost on the way is told at the end, though its last sync succeeds', async (t) => {
  const { handle } = await fileFor(t);
  const lost = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  const refused = Promise.withResolvers<void>();
  const faulty = Object.assign(Object.create(handle) as FileHandle, {
    write: handle.write.bind(handle),
    sync: handle.sync.bind(handle),
    datasync: async () => {
      refused.resolve();
      throw lost;
    },
  });
  const writer = createWriteBehind(faulty);
  for (let at = 0; at < 16; at += 1) await writer.write(new Uint8Array(MIB), at * MIB);
  await refused.promise;
  for (let at = 16; at < 40; at += 1) await writer.write(new Uint8Array(MIB), at * MIB);
  await assert.rejects(writer.sync(), lost);
});
