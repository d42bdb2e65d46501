// doctor beside a Postgres of ours: it looks into one that runs, and leaves one that is stopped as it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProject } from './fixture/project.ts';

interface Report {
  readonly failed: number;
  readonly findings: readonly {
    readonly area: string;
    readonly about: string;
    readonly level: string;
    readonly what: string;
    readonly fix?: string;
  }[];
}

test('doctor looks into a managed Postgres that runs, and starts none that is stopped', async () => {
  await using project = await createProject({ extensions: [] });
  const examine = async (): Promise<readonly (readonly [string, string, string])[]> => {
    const report = await project.json<Report>(['doctor']);
    assert.equal(report.failed, 0);
    return report.findings
      .filter(({ about }) => about === 'db' || about === 'lock:db')
      .map(({ about, level, what }) => [about, level, what]);
  };
  const state = async (): Promise<string> =>
    (await project.json<{ state: string }>(['db', 'status'])).state;
  const levels = (found: Awaited<ReturnType<typeof examine>>): readonly string[] =>
    found.map(([about, level]) => `${about} ${level}`);

  assert.deepEqual(levels(await examine()), ['db info', 'lock:db info']);
  assert.equal(await state(), 'absent');

  await project.stillpoint(['db', 'start']);
  const client = await project.connect();
  await client.query('CREATE UNLOGGED TABLE scratch (x int)');
  const running = await examine();
  assert.deepEqual(levels(running), ['db ok', 'db ok', 'db warn', 'lock:db ok', 'lock:db info']);
  assert.match(
    running.map(([, , what]) => what).join('\n'),
    /supervised on port \d+[^]*base\+wal[^]*unlogged/,
  );
  // Nobody was made to wait: no lock was taken.
  const { rows } = await client.query('SELECT FROM pg_locks WHERE locktype = $1', ['advisory']);
  assert.equal(rows.length, 0);
  await client.end();

  await project.stillpoint(['db', 'stop']);
  assert.deepEqual(levels(await examine()), ['db warn', 'lock:db info']);
  assert.equal(await state(), 'stopped');
});
