import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAddress } from './index.ts';
import { makeProject } from './testing/project.ts';

test('an address in .env may be put together of variables, and the environment fills them first', async (t) => {
  const project = await makeProject(t);
  await project.write(
    '.env',
    'USER_NAME=app\nDATABASE_URL="postgresql://${USER_NAME}:${PASSWORD:-none}@localhost/${NAME}"\nNAME=shop\n',
  );
  const place = { projectDirectory: project.directory, variables: { NAME: 'other' }, source: 'db' };
  const address = { env: 'DATABASE_URL', file: '.env' };
  assert.equal(await readAddress(address, place), 'postgresql://app:none@localhost/other');
});

test('a hole in an address is not filled with nothing: that could be another server', async (t) => {
  const project = await makeProject(t);
  await project.write('.env', 'DATABASE_URL=postgresql://app@${HOST}/shop\n');
  const place = { projectDirectory: project.directory, variables: {}, source: 'db' };
  const found = await readAddress({ env: 'DATABASE_URL', file: '.env' }, place).catch(String);
  assert.ok(!/@\/|localhost/.test(found), found);
});
