// Thousands of files: an unchanged one costs a stat, and all times are said. `npm run test:soak`: ten thousand.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId, silent, systemClock } from '@stillpoint/core';
import { createTestDirectory } from './testing/test-directory.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const directories = soak ? 100 : 30;
const filesEach = 100;

test(`${directories * filesEach} small files: snapshot, mark, restore`, async (t) => {
  await using it = await createTestDirectory();
  for (let d = 0; d < directories; d++) {
    mkdirSync(path.join(it.directory, `d${d}`));
    for (let f = 0; f < filesEach; f++)
      writeFileSync(path.join(it.directory, `d${d}/f${f}`), `file ${d} ${f}\n`.repeat(20));
  }
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const result = await work();
    t.diagnostic(`${what}: ${Math.round(performance.now() - startedMs)} ms`);
    return result;
  };
  // So that the times of the files are old enough to be trusted.
  const clock = { ...systemClock, now: () => new Date(Date.now() + 60_000) };
  const driver = it.driver({ clock });
  const first = await timed('first capture', () => it.capture({ driver }));
  const signal = new AbortController().signal;
  const history = (async function* () {
    yield first.record;
  })();
  const begin = { snapshot: newSnapshotId(), history, sink: it.objects, source: it.objects };
  const stored = it.objects.bytesStored();
  await using session = await timed('second begin', () =>
    driver.begin({ ...begin, signal, progress: silent }),
  );
  await timed('second mark', () => session.mark(signal));
  const second = await timed('second capture', () => session.capture());
  assert.deepEqual(second.record, first.record);
  assert.equal(it.objects.bytesStored(), stored);
  for (let d = 0; d < directories; d++)
    writeFileSync(path.join(it.directory, `d${d}/f0`), 'changed');
  const options = await it.prepareOptions();
  const there = await timed('prepare', () => driver.prepare(first.record, options));
  await timed('prove', () => driver.prove(there, signal));
  const undo = await it.capture({ driver, history: [second.record] });
  const back = await timed('way back', async () =>
    driver.placementOfUndo(undo.record, await it.prepareOptions()),
  );
  await timed('switch', () => driver.switch(there, { undo: undo.id, progress: silent }));
  await timed('finish', () => driver.finish(there, back));
  assert.equal((await driver.compare(first.record, it.objects, signal)).summary, 'nothing changes');
});
