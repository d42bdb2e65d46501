// Databases in the vault: captured one after the other, each comes back exactly, and costs the pages that changed.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId, silent, type Json } from '@stillpoint/core';
import type { SourceDriver, StreamRef } from '../packages/engine/src/sources/contract.ts';
import { createTestDirectory } from '../packages/engine/src/sources/files/testing/test-directory.ts';
import { parseRecord } from '../packages/engine/src/sources/sqlite/record.ts';
import { openPlace, type Place } from '../packages/engine/src/sources/sqlite/testing/place.ts';
import { createMemoryStore, createVault, type Vault } from '../packages/engine/src/vault/index.ts';

const { signal } = new AbortController();

/** Newest last. */
async function captureInto(
  vault: Vault,
  driver: SourceDriver,
  earlier: readonly Json[],
): Promise<{ readonly record: Json; readonly bytesStored: number }> {
  await using session = await vault.openSession({ signal });
  const sink = session.sink();
  await using capture = await driver.begin({
    snapshot: newSnapshotId(),
    history: (async function* () {
      yield* earlier.toReversed();
    })(),
    sink,
    source: vault,
    signal,
    progress: silent,
  });
  await capture.mark(signal);
  const { record } = await capture.capture();
  await session.flush();
  return { record, bytesStored: sink.stats().bytesStored };
}

const rows = 8000;

function fill(place: Place): void {
  const application = place.connect();
  application.exec('CREATE TABLE big (n INTEGER PRIMARY KEY, text)');
  const insert = application.prepare('INSERT INTO big VALUES (?, ?)');
  application.exec('BEGIN');
  for (let n = 0; n < rows; n++) insert.run(n, `${n} ${Math.sin(n)} ${Math.cos(n)} `.repeat(4));
  application.exec('COMMIT');
}

function textsOf(place: Place): string[] {
  const found = place.connect().prepare('SELECT text FROM big ORDER BY n').all();
  return found.map(({ text }) => String(text));
}

void test('a SQLite file: few changes cost their pages, and every capture comes back', async () => {
  await using place = await openPlace({ journal: 'wal' });
  await using vault = await createVault(createMemoryStore());
  fill(place);
  const application = place.connect();
  const records: { record: Json; texts: string[] }[] = [];
  const take = async (): Promise<number> => {
    const earlier = records.map(({ record }) => record);
    const { record, bytesStored } = await captureInto(vault, place.driver(), earlier);
    records.push({ record, texts: textsOf(place) });
    return bytesStored;
  };

  const whole = await take();
  assert.equal(await take(), 0, 'nothing changed, nothing is stored');
  const change = application.prepare('UPDATE big SET text = upper(text) || ? WHERE n = ?');
  for (let n = 0; n < 8; n++) change.run(n, (n * 7919) % rows);
  const little = await take();
  assert.ok(little < whole / 10, `${little} of ${whole}`);
  application.exec('DELETE FROM big WHERE n % 3 = 0');
  application.exec('VACUUM');
  await take();
  application.exec("INSERT INTO big SELECT n + 1000000, text || 'again' FROM big");
  await take();
  records.push({ record: { version: 7 }, texts: [] });
  assert.equal(await take(), 0, 'a record that nobody understands is passed over');

  for (const { record, texts } of records) {
    if (texts.length === 0 || record === records[1]!.record) continue;
    assert.equal(parseRecord(record).content.pageBytes, 4096, 'it is an image');
    await place.restore(record, sourceFrom(place.driver(), vault));
    assert.deepEqual(textsOf(place), texts);
  }
});

/** The driver with another vault than its place has. */
function sourceFrom(driver: SourceDriver, vault: Vault): SourceDriver {
  const prepare: SourceDriver['prepare'] = (record, options) =>
    driver.prepare(record, { ...options, source: vault });
  return Object.assign(Object.create(driver) as SourceDriver, { prepare });
}

/** Two megabytes of pages as those of a Postgres table begin. */
function relation(seed: number): Buffer {
  const file = Buffer.alloc(256 * 8192);
  for (let page = 0; page < 256; page++) {
    file.writeUInt16LE(8192 | 4, page * 8192 + 18);
    for (let at = 24; at < 8192; at += 8) {
      file.writeDoubleLE(Math.sin(seed + page * 1024 + at), page * 8192 + at);
    }
  }
  return file;
}

void test('databases among the files of a directory: few changes cost their pages', async () => {
  await using it = await createTestDirectory();
  await using vault = await createVault(createMemoryStore());
  await using place = await openPlace({ journal: 'delete' });
  fill(place);
  const at = (name: string): string => path.join(it.directory, name);
  const table = relation(1);
  writeFileSync(at('16384'), table);
  cpSync(place.file, at('app.db'));
  writeFileSync(at('other'), Buffer.concat([table, Buffer.of(1)]));
  const first = await captureInto(vault, it.driver(), []);
  const other = readFileSync(at('app.db'));

  for (const page of [3, 77, 200]) table.writeDoubleLE(Math.PI, page * 8192 + 800);
  writeFileSync(at('16384'), table);
  place.connect().exec("UPDATE big SET text = 'short' WHERE n % 5000 = 7");
  cpSync(place.file, at('app.db'));
  const second = await captureInto(vault, it.driver(), [first.record]);
  assert.ok(second.bytesStored < 120_000, `${second.bytesStored} of ${first.bytesStored}`);
  const database = readFileSync(at('app.db'));

  const restoring = sourceFrom(it.driver(), vault);
  const pages = (ref: StreamRef): number => ref.pageBytes ?? 0;
  const references = await Array.fromAsync(it.driver().references(second.record, vault));
  assert.deepEqual(
    references.map(pages).toSorted((a, b) => a - b),
    [0, 0, 4096, 8192],
  );
  const { damages } = await vault.verify(
    (async function* () {
      yield* references;
    })(),
    { deep: true, signal },
  );
  assert.deepEqual(damages, []);
  await it.restore(first.record, restoring);
  assert.equal(Buffer.compare(readFileSync(at('16384')), relation(1)), 0);
  assert.equal(Buffer.compare(readFileSync(at('app.db')), other), 0);
  await it.restore(second.record, restoring);
  assert.equal(Buffer.compare(readFileSync(at('16384')), table), 0);
  assert.equal(Buffer.compare(readFileSync(at('app.db')), database), 0);
});
