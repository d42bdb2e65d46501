// A file of 2 GB, in the soak only: captured under a program that writes, restored under it, with bounded memory here.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { digestOf, newSnapshotId, silent } from '@stillpoint/core';
import type { ObjectSink, ObjectSource, StreamRef } from '../contract.ts';
import { never, openPlace } from './testing/place.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const bytes = soak ? 2 ** 31 + 2 ** 20 : 64 * 2 ** 20;
const rowBytes = 64 * 1024;
const memoryLimitBytes = 300 * 2 ** 20;

/** A vault that keeps streams as files. */
function fileObjects(directory: string): ObjectSink & ObjectSource {
  const fileOf = ({ digest }: StreamRef): string => path.join(directory, digest);
  let count = 0;
  const writeStream: ObjectSink['writeStream'] = async (content) => {
    count += 1;
    const digest = `stream-${count}`;
    await mkdir(directory, { recursive: true });
    const handle = await open(path.join(directory, digest), 'w');
    let written = 0;
    for await (const piece of content) {
      await handle.writeFile(piece);
      written += piece.byteLength;
    }
    await handle.close();
    return { digest, bytes: written, depth: 0 };
  };
  return {
    writeStream,
    writeFile: ({ descriptor: fd }) =>
      writeStream(createReadStream('', { fd, autoClose: false, start: 0 })),
    writeBytes: async (content) => ({ digest: digestOf(content), bytes: 0, depth: 0 }),
    readStream: (ref) => createReadStream(fileOf(ref), { highWaterMark: 2 ** 20 }),
    readBytes: async () => assert.fail('it is too large for that'),
  };
}

function fill(file: string): void {
  using database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE big (n, filler)',
  );
  const insert = database.prepare('INSERT INTO big VALUES (?, zeroblob(?))');
  for (let row = 0; row < bytes / rowBytes; row += 1) insert.run(row, rowBytes);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

test(`a file of ${soak ? '2 GB' : '64 MB (2 GB in the soak)'} under a program that writes`, async () => {
  await using place = await openPlace('empty');
  fill(place.file);
  assert.ok((await stat(place.file)).size > bytes);
  const application = place.connect();
  application.exec('PRAGMA synchronous = OFF');
  const write = (): void => application.exec('UPDATE big SET n = -1 WHERE n = 0');
  const sum = (): number =>
    Number(application.prepare('SELECT sum(n) AS sum FROM big').get()?.['sum']);
  const objects = fileObjects(path.join(place.directory, '.stillpoint', 'objects'));
  const driver = place.driver();
  const then = sum();
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
  }, 20);
  try {
    await using session = await driver.begin({ ...place.begin(), sink: objects, source: objects });
    await session.mark(never);
    write();
    const { record } = await session.capture();
    assert.equal(sum(), then - 1);
    const options = { ...place.prepareOptions(), source: objects };
    const placement = await driver.prepare(record, options);
    await driver.prove(placement, never);
    await driver.switch(placement, { undo: newSnapshotId(), progress: silent });
    assert.equal(sum(), then);
  } finally {
    clearInterval(watch);
  }
  assert.ok(peakBytes < memoryLimitBytes, `${Math.round(peakBytes / 2 ** 20)} MB of memory`);
});
