// Snapshots that are forgotten take their records out of the history that later captures continue. The WAL that only a forgotten
// record named is gone as soon as the server has recycled it. Whatever is forgotten: the next snapshot is whole, and so is
// each that remains, with nothing of the forgotten ones needed. STILLPOINT_SOAK: more histories.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresReferences } from './references.ts';
import { withControl } from './session.ts';
import {
  beginLife,
  never,
  holdThrowawayCluster,
  withDatabase,
  type Life,
  type Taken,
} from './testing.ts';

// Without wal_keep_size the slot alone keeps the log, so that it goes when a snapshot is sealed.
const cluster = await holdThrowawayCluster({ wal_keep_size: '0' });
const soak = process.env['STILLPOINT_SOAK'] !== undefined;
let made = 0;

interface Known {
  readonly taken: Taken;
  readonly content: string;
}

async function contentOf(): Promise<string> {
  return withDatabase(cluster, async (client) => {
    const { rows } = await client.query<{ content: string }>(
      `SELECT count(*) || ':' || coalesce(md5(string_agg(word, ',' ORDER BY n)), '') AS content FROM words`,
    );
    return rows[0]!.content;
  });
}

async function write(word: string): Promise<void> {
  await withDatabase(cluster, async (client) => {
    await client.query('CREATE TABLE IF NOT EXISTS words (n serial PRIMARY KEY, word text)');
    await client.query('INSERT INTO words (word) SELECT $1 || i FROM generate_series(1, 500) i', [
      word,
    ]);
  });
}

async function take(life: Life): Promise<Known> {
  made += 1;
  await write(`word ${made} `);
  const content = await contentOf();
  // What is written straight after the mark must come from nowhere.
  return { taken: await life.capture({ afterMark: () => write(`after ${made} `) }), content };
}

function forget(life: Life, ...gone: readonly Known[]): void {
  for (const { taken } of gone) {
    const index = life.history.indexOf(taken);
    assert.notEqual(index, -1);
    life.history.splice(index, 1);
  }
}

/** Fills some segments and lets the server recycle all that no slot keeps. */
async function recycle(): Promise<void> {
  await withControl(cluster, never, async (client) => {
    for (let round = 0; round < 4; round += 1) {
      await client.query(`SELECT pg_logical_emit_message(true, 'fill', repeat('x', 4000))`);
      await client.query('SELECT pg_switch_wal()');
    }
    await client.query('CHECKPOINT');
    await client.query('CHECKPOINT');
  });
}

async function exact(life: Life, ...known: readonly Known[]): Promise<void> {
  for (const { taken, content } of known) {
    await life.restore(taken);
    assert.equal(await contentOf(), content);
  }
}

/** What prune will keep for these records is all that restoring them reads. */
async function needsOnlyItsOwn(life: Life, { taken }: Known): Promise<void> {
  const named = new Set<string>();
  for await (const { digest } of postgresReferences(taken.record, life.objects)) {
    named.add(digest);
  }
  const read = new Set<string>();
  const { objects } = life;
  const watching = {
    async readBytes(ref: Parameters<typeof objects.readBytes>[0]) {
      read.add(ref.digest);
      return objects.readBytes(ref);
    },
    async *readStream(ref: Parameters<typeof objects.readBytes>[0]) {
      read.add(ref.digest);
      yield* objects.readStream(ref);
    },
  };
  await life.driver.prepare(taken.record, {
    snapshot: taken.id,
    source: watching,
    workDirectory: '/nonexistent',
    signal: never,
    progress: () => {},
  });
  await life.driver.abandon();
  assert.ok(read.size > 0);
  assert.deepEqual(read.difference(named), new Set());
}

const bases = (life: Life): number => life.said.filter((text) => text === 'phase:base').length;

for (const recycled of soak ? [false, true] : [true]) {
  const world = recycled ? 'and its log is recycled' : 'while the server still has its log';

  test(`the newest is forgotten ${world}`, async () => {
    const life = beginLife(cluster);
    const a = await take(life);
    // So that the log between the two fills segments of its own.
    if (recycled) await recycle();
    const b = await take(life);
    if (recycled) await recycle();
    forget(life, b);
    const c = await take(life);
    assert.equal(bases(life), recycled ? 2 : 1, life.said.join('\n'));
    await exact(life, c, a);
  });
}

test('one in the middle and the one with the base are forgotten', async () => {
  const life = beginLife(cluster);
  const [a, b, c] = [await take(life), await take(life), await take(life)];
  forget(life, a, b);
  await recycle();
  const d = await take(life);
  assert.equal(bases(life), 1, 'the newest is continued');
  await needsOnlyItsOwn(life, c);
  await exact(life, d, c);
});

test('the snapshot that the database was restored from is forgotten', async () => {
  const life = beginLife(cluster);
  const [a, b] = [await take(life), await take(life)];
  const undo = await life.restore(a.taken);
  await recycle();
  forget(life, a, { taken: undo, content: '' });
  const c = await take(life);
  assert.equal(bases(life), 2, 'nothing of this life can be continued');
  await exact(life, b, c);
});

test('all are forgotten', async () => {
  const life = beginLife(cluster);
  const all = [await take(life), await take(life)];
  forget(life, ...all);
  const [c, d] = [await take(life), await take(life)];
  assert.equal(bases(life), 2, 'one for each history');
  await exact(life, d, c);
});

if (soak) {
  test('all snapshots of a restored life are forgotten', async () => {
    const life = beginLife(cluster);
    const a = await take(life);
    await life.restore(a.taken);
    const [b, c] = [await take(life), await take(life)];
    await recycle();
    forget(life, b, c);
    const d = await take(life);
    await exact(life, d, a);
  });

  test('an undo point is forgotten after undo has brought its life back', async () => {
    const life = beginLife(cluster);
    const a = await take(life);
    const before = await contentOf();
    const undo = await life.restore(a.taken);
    const redo = await life.restore(undo);
    assert.equal(await contentOf(), before);
    await recycle();
    forget(life, { taken: undo, content: '' }, { taken: redo, content: '' });
    const b = await take(life);
    await needsOnlyItsOwn(life, b);
    await exact(life, b);
  });
}
