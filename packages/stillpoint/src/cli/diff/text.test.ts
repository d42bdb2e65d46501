import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotId } from '@stillpoint/core';
import type {
  ArrayChange,
  DatabaseDiff,
  SourceDiff,
  StateDiff,
  TableDiff,
} from '@stillpoint/engine';
import { createStyle, widthOf } from '../../output/style.ts';
import { diffLines } from './text.ts';

const nothing = { added: [], removed: [], changed: [] };

const table: TableDiff = {
  schema: 'public',
  name: 'orders',
  state: 'changed',
  columns: nothing,
  indexes: nothing,
  key: { from: ['id'], to: [] },
  bytes: { from: 1, to: 1 },
  rows: {
    count: { from: 2_000_000, to: 2_000_000 },
    oneIn: 40,
    added: 0,
    removed: 0,
    changed: 1,
    samples: [
      { state: 'changed', key: { id: 'a b' }, columns: { v: { from: null, to: 'x'.repeat(500) } } },
    ],
  },
};

const database: DatabaseDiff = {
  name: 'app',
  state: 'changed',
  problem: 'public.secret: permission denied',
  schemaDigest: { from: null, to: null },
  bytes: { from: 1024, to: 2048 },
  count: { from: 1, to: 1 },
  tables: [table],
  otherSchemaChange: false,
};

const unchanged: SourceDiff = {
  name: 'lib',
  driver: 'git',
  state: 'same',
  problem: null,
  commits: null,
  files: null,
  databases: null,
  runs: null,
};

const array = (name: string, values: ArrayChange['values']): ArrayChange => ({
  name,
  state: 'changed',
  layout: null,
  values,
});

const diff: StateDiff = {
  from: { snapshot: 'a'.repeat(12) as SnapshotId, name: 'x', createdAt: '2026-11-21T10:00:00Z' },
  to: { snapshot: null, name: null, createdAt: null },
  different: true,
  lockfile: { signature: { from: 'blake3:aa', to: null }, dependencyLocks: [] },
  sources: [
    {
      ...unchanged,
      name: 'db',
      driver: 'postgres',
      state: 'changed',
      problem: 'app: public.secret: permission denied',
      databases: [database],
    },
    {
      ...unchanged,
      name: 'core',
      state: 'changed',
      commits: {
        head: {
          from: { commit: 'a'.repeat(40), branch: 'main' },
          to: { commit: 'b'.repeat(40), branch: 'side' },
        },
        ahead: 12,
        behind: 0,
        added: [{ id: 'b'.repeat(40), subject: 'Turn \u202e around\u001b[2J' }],
        removed: [],
      },
      files: {
        count: { from: 1, to: 1 },
        bytes: { from: 1, to: 1 },
        added: 0,
        removed: 0,
        changed: 30,
        changes: [
          {
            state: 'changed',
            path: 'run',
            bytes: { from: 1, to: 1 },
            mode: { from: 0o644, to: 0o755 },
          },
        ],
      },
    },
    {
      ...unchanged,
      name: 'simulation',
      driver: 'run',
      state: 'changed',
      runs: [
        {
          run: 'noise-1',
          tick: { from: 20, to: 40 },
          problem: null,
          changes: {
            facts: [
              { name: 'parameters.rotation', from: 1, to: 2 },
              { name: 'world.signal wind', from: null, to: 'blake3:'.padEnd(71, 'a') },
            ],
            arrays: [
              array('current/@clock', {
                elements: 4,
                differing: 2,
                maxAbsolute: 1,
                maxRelative: 1,
              }),
              array('current/heat', {
                elements: 8,
                differing: 5,
                maxAbsolute: 1 / 3,
                maxRelative: 0.5,
              }),
              { ...array('current/wind', null), state: 'added' },
              { ...array('current/size', null), layout: { from: 'f64 [2]', to: 'f64 [3]' } },
              array('previous/heat', null),
            ],
            equalArrays: 6,
          },
        },
      ],
    },
    unchanged,
    { ...unchanged, name: 'old', driver: 'sqlite', state: 'unknown', problem: 'not configured' },
  ],
};

const now = new Date('2026-11-21T12:00:00Z');

test('says what differs, how it was compared, and what was not', () => {
  const lines = diffLines(diff, { style: createStyle(false), width: 100, now });
  const text = lines.join('\n');
  for (const expected of [
    'what is there now',
    '~ public.orders: 2000000 rows, about 1 in 40 rows compared: 1 changed',
    '~ primary key id → none',
    `~ row id='a b'  v: NULL → 'xxx`,
    'main aaaaaaaa → side bbbbbbbb: 12 commits more',
    '+ and 11 commits more',
    'Turn \\u202e around\\u001b[2J',
    '30 files: 30 changed',
    'M run (mode 644 → 755)',
    'and 29 more; --all lists them',
    'run noise-1: tick 20 → 40, 5 arrays differ, 6 equal',
    '~ parameters.rotation: 1 → 2',
    '+ world.signal wind: blake3:aaaaaaaaaaaaaaaa…',
    '    ~ heat: 5 of 8, at most by 0.333333 (relative 0.5)',
    '    + wind\n',
    '    ~ size: f64 [2] → f64 [3]\n    and 2 more; --json has them',
    'same: lib',
    'db: app: public.secret: permission denied',
    'old: not configured',
  ]) {
    assert.ok(text.includes(expected), `${expected}\n---\n${text}`);
  }
});

test('fits the width, coloured or not, however long what is shown is; only problems are told whole', () => {
  const sources = diff.sources.map((source) => ({ ...source, problem: null }));
  for (const width of [40, 80]) {
    for (const style of [createStyle(false), createStyle(true)]) {
      for (const line of diffLines({ ...diff, sources }, { style, width, now }).slice(1)) {
        assert.ok(widthOf(line) <= width, line);
      }
    }
  }
});
