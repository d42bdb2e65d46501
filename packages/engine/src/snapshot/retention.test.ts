// Which snapshots stay: rules against calendars, and against hand-made histories.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSnapshotId, type SnapshotId } from '@stillpoint/core';
import type { ResolvedRetention } from '../config/index.ts';
import type { Known } from './outline.ts';
import { judgeSnapshots, type RetentionFacts } from './retention.ts';

function taken(createdAt: string, kind: 'snapshot' | 'undo' = 'snapshot'): Known {
  const id = newSnapshotId();
  // Nothing else of it is looked at.
  return { entry: {}, manifest: { id, kind, createdAt } } as unknown as Known;
}

const nobody: RetentionFacts = { held: new Set<SnapshotId>(), timeZone: 'UTC' };

/** The moments that stay, oldest first, as 'when: reasons'. */
function kept(
  all: readonly Known[],
  policy: ResolvedRetention,
  facts: Partial<RetentionFacts> = {},
): readonly string[] {
  return judgeSnapshots(all, policy, { ...nobody, ...facts }).flatMap(({ one, reasons }) =>
    reasons.length === 0 ? [] : [`${one.manifest.createdAt.slice(0, 16)}: ${reasons.join(', ')}`],
  );
}

function every(hours: number, from: string, count: number): readonly Known[] {
  const start = Date.parse(from);
  return Array.from({ length: count }, (_, n) =>
    taken(new Date(start + n * hours * 3_600_000).toISOString()),
  );
}

test('the last so many', () => {
  const all = every(1, '2026-03-01T00:00:00.000Z', 5);
  assert.deepEqual(kept(all, { last: 2 }), ['2026-03-01T03:00: last', '2026-03-01T04:00: last']);
  assert.equal(kept(all, { last: 99 }).length, 5);
});

test('the newest of each day, week, month and year; one may be kept for several reasons', () => {
  const all = every(12, '2025-12-20T06:00:00.000Z', 60);
  assert.deepEqual(kept(all, { daily: 2, weekly: 2, monthly: 3, yearly: 2 }), [
    '2025-12-31T18:00: monthly, yearly',
    '2026-01-11T18:00: weekly',
    '2026-01-17T18:00: daily',
    '2026-01-18T18:00: daily, weekly, monthly, yearly',
  ]);
});

test('hours and days without a snapshot do not count', () => {
  const all = ['2026-01-01T10:00', '2026-01-01T10:30', '2026-02-01T10:00', '2026-04-01T10:00'].map(
    (text) => taken(`${text}:00.000Z`),
  );
  const expected = ['2026-01-01T10:30', '2026-02-01T10:00', '2026-04-01T10:00'];
  assert.deepEqual(
    kept(all, { hourly: 3 }),
    expected.map((when) => `${when}: hourly`),
  );
});

test('a week begins on Monday, and the one over the turn of the year is one', () => {
  const all = ['2026-12-28', '2026-12-31', '2027-01-01', '2027-01-03', '2027-01-04'].map((day) =>
    taken(`${day}T12:00:00.000Z`),
  );
  assert.deepEqual(kept(all, { weekly: 9 }), [
    '2027-01-03T12:00: weekly',
    '2027-01-04T12:00: weekly',
  ]);
});

test('within counts from the newest snapshot, not from now', () => {
  const all = every(24, '2001-01-01T00:00:00.000Z', 10);
  assert.deepEqual(
    kept(all, { withinMs: 48 * 3_600_000 }).map((line) => line.slice(0, 10)),
    ['2001-01-08', '2001-01-09', '2001-01-10'],
  );
});

test('days are those of the place: midnight is local', () => {
  const all = ['2026-06-01T21:30', '2026-06-01T22:30'].map((text) => taken(`${text}:00.000Z`));
  assert.equal(kept(all, { daily: 5 }, { timeZone: 'UTC' }).length, 1);
  assert.equal(kept(all, { daily: 5 }, { timeZone: 'Europe/Berlin' }).length, 2);
});

test('when the clocks go back the hour that comes twice is one, when they go forth none is missed', () => {
  const back = ['2026-10-24T23:30', '2026-10-25T00:30', '2026-10-25T01:30', '2026-10-25T02:30'];
  const berlin = { timeZone: 'Europe/Berlin' };
  assert.deepEqual(
    kept(
      back.map((text) => taken(`${text}:00.000Z`)),
      { hourly: 9 },
      berlin,
    ).map((line) => line.slice(11, 16)),
    ['23:30', '01:30', '02:30'],
    '01:30 UTC is 02:30 for the second time',
  );
  const forth = ['2026-03-28T23:30', '2026-03-29T00:30', '2026-03-29T01:30'];
  assert.equal(
    kept(
      forth.map((text) => taken(`${text}:00.000Z`)),
      { hourly: 9 },
      berlin,
    ).length,
    3,
  );
});

test('what is held and what undo goes back to stays, whatever its age; and takes the place of none', () => {
  const all = every(1, '2026-03-01T00:00:00.000Z', 4);
  const undo = taken('2026-01-01T00:00:00.000Z', 'undo');
  const facts = { held: new Set([all[0]!.manifest.id]), undo: undo.manifest.id };
  assert.deepEqual(kept([undo, ...all], { last: 1 }, facts), [
    '2026-01-01T00:00: last, undo point',
    '2026-03-01T00:00: held',
    '2026-03-01T03:00: last',
  ]);
});

test('undo points are judged in a list of their own', () => {
  const all = every(1, '2026-03-01T00:00:00.000Z', 3);
  const undos = ['2026-03-01T00:10', '2026-03-01T00:20'].map((text) =>
    taken(`${text}:00.000Z`, 'undo'),
  );
  assert.deepEqual(kept([...undos, ...all], { last: 1 }), [
    '2026-03-01T00:20: last',
    '2026-03-01T02:00: last',
  ]);
});

test('with every snapshot more a rule keeps as many as before, or more', () => {
  const all = every(7, '2026-01-01T00:00:00.000Z', 200);
  for (const policy of [{ daily: 5 }, { weekly: 4 }, { monthly: 3 }, { hourly: 20 }]) {
    let before = 0;
    for (let count = 1; count <= all.length; count++) {
      const now = kept(all.slice(0, count), policy).length;
      assert.ok(now >= before, `${JSON.stringify(policy)} at ${count}`);
      before = now;
    }
  }
});
