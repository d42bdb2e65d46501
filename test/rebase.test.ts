// Rebasing in a whole project: the old snapshot of a database that wrote much comes back exactly from little.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createStillpoint } from 'stillpoint';
import { createProject } from './fixture/project.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;

// In `npm test` the driver and the engine prove it, each apart.
test(
  'a snapshot that holds much write-ahead log is rebased, forgets what it shared, and restores exactly',
  {
    skip: soak ? false : 'runs in the soak',
  },
  async () => {
    await using project = await createProject({ extensions: [] });
    await using stillpoint = await createStillpoint(project.directory);
    const file = path.join(project.directory, 'counter.txt');
    const sql = async (text: string): Promise<unknown[]> => {
      const client = await project.connect();
      try {
        return (await client.query(text)).rows as unknown[];
      } finally {
        await client.end();
      }
    };
    const database = stillpoint.database();
    await database.start();
    await sql(
      'CREATE TABLE wide AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 10000) n',
    );
    const content = `SELECT count(*)::int AS n, md5(string_agg(text, ',' ORDER BY n)) AS words FROM wide`;
    const first = await stillpoint.snapshot({ name: 'first' });
    for (let round = 0; round < 6; round += 1) await sql('UPDATE wide SET text = reverse(text)');
    await database.stop();
    await database.start();
    await sql('DELETE FROM wide WHERE n % 7 = 0');
    await writeFile(file, 'then');
    const then = await sql(content);
    const old = await stillpoint.snapshot({ name: 'old' });
    await sql('TRUNCATE wide');
    await writeFile(file, 'now');
    await stillpoint.hold('old');

    const { rebased, unchanged } = await stillpoint.rebase(['old', 'first']);
    assert.deepEqual([rebased.map(({ from }) => from), unchanged], [[old.id], [first.id]]);
    const shown = await stillpoint.show(old.id);
    assert.deepEqual([shown.id, shown.name, shown.held], [rebased[0]!.to, 'old', true]);
    assert.equal(shown.lockfile.signature, old.lockfile.signature);
    await stillpoint.forget(['first']);
    const pruned = await stillpoint.prune();
    assert.ok(pruned.deletedBytes > pruned.bytes / 4, `${pruned.deletedBytes} of ${pruned.bytes}`);
    for (const { report } of await stillpoint.verify({ deep: true })) {
      assert.deepEqual(report.damages, []);
    }
    await stillpoint.restore('old');
    assert.deepEqual(await sql(content), then);
    assert.equal(await readFile(file, 'utf8'), 'then');
  },
);
