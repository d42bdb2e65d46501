// A vault that has lost something of what the last snapshot rests on: the next snapshot names nothing of it. It makes a new base, says so,
// and is whole. test/damaged-vault.test.ts has the same with packs taken from a real vault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readListing } from './base.ts';
import type { PostgresRecord } from './record.ts';
import { postgresReferences } from './references.ts';
import { beginLife, holdThrowawayCluster, withDatabase, type Life } from './testing.ts';
import { readWalList } from './wal-list.ts';

const cluster = await holdThrowawayCluster();

async function write(word: string): Promise<void> {
  await withDatabase(cluster, async (client) => {
    await client.query('CREATE TABLE IF NOT EXISTS words (word text)');
    await client.query('INSERT INTO words VALUES ($1)', [word]);
  });
}

async function words(): Promise<readonly string[]> {
  return withDatabase(cluster, async (client) => {
    const { rows } = await client.query<{ word: string }>('SELECT word FROM words');
    return rows.map(({ word }) => word).toSorted();
  });
}

async function isWhole({ objects }: Life, record: PostgresRecord): Promise<boolean> {
  for await (const stream of postgresReferences(record, objects)) {
    if (!(await objects.has!(stream))) return false;
  }
  return true;
}

const parts: Readonly<Record<string, (record: PostgresRecord, life: Life) => Promise<string>>> = {
  'the list of the base': async ({ base }) => base.listing.digest,
  'the manifest of the base': async ({ base }) => base.manifest.digest,
  async 'a file of the base'({ base }, { objects }) {
    const { files } = await readListing(objects, base.listing);
    return files.find(({ path }) => path === 'global/pg_control')!.content.digest;
  },
  'the list of the log': async ({ wal }) => wal.digest,
  async 'a piece of the log'({ wal }, { objects }) {
    return (await readWalList(objects, wal)).spans[0]!.pieces[0]!.ref.digest;
  },
};

test('whatever part is lost: the next snapshot, or undo point, has a new base, says why, and is whole', async () => {
  const life = beginLife(cluster);
  let { record } = await life.capture();
  for (const [at, [part, digestOf]] of Object.entries(parts).entries()) {
    life.objects.lose(await digestOf(record, life));
    await write(part);
    life.said.length = 0;
    const next = await life.capture({ forUndo: at === 0 });
    assert.match(life.said.join('\n'), /^warn: .*the vault has lost a part[^]*phase:base/, part);
    assert.ok(await isWhole(life, next.record), part);
    ({ record } = next);
  }
  life.said.length = 0;
  await write('kept');
  const before = await words();
  const last = await life.capture();
  await write('later');
  await life.restore(last);
  assert.deepEqual(await words(), before);
  assert.deepEqual(life.said, [], 'what followed rests on the new base');
});
