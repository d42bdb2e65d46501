// doctor looks into the database of a daemon: nothing before it is one, what somebody took away, and how it is mended.
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
      .filter(({ area, what }) => area === 'sources' && /chambers|grants/.test(what))
      .map(({ level, what, fix }) => `${level} ${what} ${fix ?? ''}`);
  };
  assert.deepEqual(await chambers(), []);
  await project.stillpoint(['migrate', '--yes', '--no-guard']);
  assert.deepEqual(await chambers(), ['ok its chambers are as they should be ']);
  const client = await project.connect();
  await client.query('GRANT UPDATE ON verbatim.facts TO app_app');
  await client.end();
  assert.match(
    (await chambers(1)).join(),
    /^fail verbatim: grants of verbatim.facts: .*has UPDATE.* stillpoint migrate, or as the owner: REVOKE/,
  );
  await project.stillpoint(['migrate', '--yes', '--no-guard']);
  assert.deepEqual(await chambers(), ['ok its chambers are as they should be ']);
});
