import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, newSnapshotId } from '@stillpoint/core';
import { beginJournal, findJournal, type Journal } from './journal.ts';
import { forwardSteps, reverseSteps, stepName } from './steps.ts';

const subject = {
  snapshot: newSnapshotId(),
  undo: newSnapshotId(),
  workDirectory: '/nowhere',
  sources: [{ name: 'db', driver: 'memory' }],
  lockfile: { format: 1, members: [], sources: [], signature: 'blake3:' as never },
  brokenSeal: { before: null, after: null },
  before: { lockfile: null, undo: null },
} as const;

async function withJournal(body: (journal: Journal, file: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-journal-'));
  const file = path.join(directory, 'restore.jsonl');
  try {
    await body(await beginJournal({ file, crashPoint: () => {} }, new Date(), subject), file);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const found = (file: string): Promise<Journal | undefined> =>
  findJournal({ file, crashPoint: () => {} });

test('what was written is found by the next process; a step that is done is not done again', async () => {
  await withJournal(async (journal, file) => {
    await journal.ready({ db: { after: 'A', before: 'B' } });
    const step = { kind: 'switch', source: 'db' } as const;
    let times = 0;
    await journal.step('forward', step, async () => void (times += 1));
    const later = await found(file);
    assert.equal(later!.current().state, 'switching');
    assert.deepEqual(later!.current().placements, { db: { after: 'A', before: 'B' } });
    await later!.step('forward', step, async () => void (times += 1));
    assert.equal(times, 1);
    await later!.end();
    assert.equal(await found(file), undefined);
  });
});

test('a step that began and did not end is begun again', async () => {
  await withJournal(async (journal, file) => {
    await journal.ready({});
    const step = { kind: 'switch', source: 'db' } as const;
    await assert.rejects(journal.step('forward', step, () => Promise.reject(new Error('died'))));
    const later = await found(file);
    assert.ok(later!.current().forward.begun.has('switch db'));
    let ran = false;
    await later!.step('forward', step, async () => void (ran = true));
    assert.ok(ran);
  });
});

test('a torn last line was never acted upon: it is cut off and writing goes on', async () => {
  await withJournal(async (journal, file) => {
    await journal.ready({});
    await appendFile(file, '{"event":"step","dir');
    const later = await found(file);
    assert.equal(later!.current().state, 'ready');
    await later!.turn('because');
    assert.equal((await found(file))!.current().state, 'reversing');
  });
});

test('a journal whose first line was never whole had begun nothing', async () => {
  await withJournal(async (journal, file) => {
    await journal.end();
    await appendFile(file, '{"event":"beg');
    assert.equal(await found(file), undefined);
    await assert.rejects(readFile(file), { code: 'ENOENT' });
  });
});

test('a line in the middle that is no JSON is damage, not history', async () => {
  await withJournal(async (_journal, file) => {
    await appendFile(file, 'garbage\n{"event":"ready","placements":{}}\n');
    await assert.rejects(found(file), (error) => isFailure(error, 'JOURNAL_DAMAGED'));
  });
});

test('everything closes before anything switches, and the last switched goes back first', () => {
  const sources = [
    { name: 'db', closes: true },
    { name: '.', closes: false },
    { name: 'x', closes: false },
  ];
  assert.deepEqual(forwardSteps(sources).map(stepName), [
    'close db',
    'switch db',
    'switch .',
    'switch x',
    'settle',
    'open db',
    'finish',
  ]);
  const begun = new Set(['close db', 'switch db', 'switch .']);
  assert.deepEqual(reverseSteps(sources, begun).map(stepName), [
    'close db',
    'switch .',
    'switch db',
    'open db',
  ]);
  assert.deepEqual(reverseSteps(sources, new Set(['close db'])).map(stepName), ['open db']);
});
