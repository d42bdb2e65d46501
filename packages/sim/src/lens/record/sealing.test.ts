// Sealing: what is not durable yet is said so, until it is.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { LENS_VERSION, type LensFrame } from '../contract.ts';
import { createJournal, type JournalWriter } from '../journal/index.ts';
import { createSealing } from './sealing.ts';

async function fullJournal(file: string): Promise<JournalWriter> {
  const journal = await createJournal(file, {
    version: LENS_VERSION,
    runId: 'run',
    world: 'terra',
    ticks: { start: 0, end: 10 },
    fields: [
      {
        name: 'heat',
        unit: 'K',
        components: [],
        topology: { kind: 'points' },
        reconstruction: 'nearest',
        precision: { type: 'float64' },
      },
    ],
    createdAt: '2026-11-22T00:00:00.000Z',
  });
  const samples = { count: 2, values: Float64Array.of(1, 2), positions: null };
  const frame: LensFrame = { tick: 3, simTimeSeconds: 3, fields: new Map([['heat', samples]]) };
  await journal.append(frame);
  return journal;
}

test('a journal that the disk did not take stays undurable until it is sealed, however often one asks', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-sealing-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'lens_snapshot_0000000000-0000000010.journal');
  const inTheWay = path.join(directory, 'lens_snapshot_0000000000-0000000010.lens.tmp');
  await mkdir(inTheWay);
  const lost = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  let asked = 0;
  const journal = await fullJournal(file);
  // The system tells of what it could not write only once.
  const faulty = Object.assign(Object.create(journal) as JournalWriter, {
    sync: async () => {
      asked += 1;
      if (asked === 1) throw lost;
    },
  });
  const failed: unknown[] = [];
  const refused = Promise.withResolvers<void>();
  const sealing = createSealing({
    sealed: async () => refused.resolve(),
    failed: (error) => failed.push(error),
  });
  sealing.add(file, faulty);
  await refused.promise;
  assert.equal(failed.length, 1, 'it could not be sealed');
  await assert.rejects(sealing.sync(), lost);
  await assert.rejects(sealing.sync(), lost);
  await rm(inTheWay, { recursive: true });
  await sealing.finish();
  await sealing.sync();
});

test('what waits to be sealed is made durable by whoever asks, and stays a journal that is closed', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-sealing-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'lens_snapshot_0000000000-0000000010.journal');
  await mkdir(path.join(directory, 'lens_snapshot_0000000000-0000000010.lens.tmp'));
  const journal = await fullJournal(file);
  let synced = 0;
  const watched = Object.assign(Object.create(journal) as JournalWriter, {
    sync: async () => {
      await journal.sync();
      synced += 1;
    },
  });
  const sealing = createSealing({ sealed: async () => {}, failed: () => {} });
  sealing.add(file, watched);
  await sealing.sync();
  assert.equal(synced, 1);
  await assert.rejects(sealing.finish());
  await assert.rejects(journal.sync(), { code: 'EBADF' });
});
