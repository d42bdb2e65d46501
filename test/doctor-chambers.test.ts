// doctor looks into the database of a daemon: nothing before it is one, what somebody took away, how it is mended, and what its memory is
// searched by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorReport } from '@stillpoint/engine';
import { createProject } from './fixture/project.ts';

test('chambers are looked at where there are some, and migrate mends them', async () => {
  await using project = await createProject({ extensions: [] });
  await project.stillpoint(['db', 'start']);
  const chambers = async (exit = 0): Promise<readonly string[]> => {
    const { findings } = await project.json<DoctorReport>(['doctor'], { exit });
    return findings
      .filter(({ area, what }) => area === 'sources' && /chambers|grants|memory/.test(what))
      .map(({ level, what, fix }) => `${level} ${what} ${fix ?? ''}`);
  };
  assert.deepEqual(await chambers(), []);
  await project.stillpoint(['migrate', '--yes', '--no-guard']);
  assert.deepEqual(await chambers(), ['ok its chambers are as they should be ']);
  const client = await project.connect();
  for (const embedder of ['small', 'small', 'large'])
    await client.query(
      `INSERT INTO vectors.items (text, status, embedder, embedder_version, dimensions, embedding) VALUES ('a', 'speculative', $1, '1', 2, '{0.6,0.8}')`,
      [embedder],
    );
  const memory = await chambers();
  assert.match(
    memory[1]!,
    /^ok memory: 2 items of the embedder small 1 \(2 dimensions\), (all compared by pgvector|compared in each process, which takes \d+ B: .*pgvector)/,
  );
  assert.match(memory[2]!, /^ok memory: 1 item of the embedder large 1/);
  assert.match(memory[3]!, /^warn the items of memory are of 2 embedders: .*reembed\(\)/);
  await client.query('TRUNCATE vectors.items CASCADE');
  await client.query('GRANT UPDATE ON verbatim.facts TO app_app');
  await client.end();
  assert.match(
    (await chambers(1)).join(),
    /^fail verbatim: grants of verbatim.facts: .*has UPDATE.* stillpoint migrate, or as the owner: REVOKE/,
  );
  await project.stillpoint(['migrate', '--yes', '--no-guard']);
  assert.deepEqual(await chambers(), ['ok its chambers are as they should be ']);
});
