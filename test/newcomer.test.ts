// A newcomer on a project of somebody else's: a Django application as its own generator and migrations make it. Nothing is known
// but the README: init, doctor, snapshot; something breaks; diff, restore, undo. STILLPOINT_TRANSCRIPT=FILE keeps the session.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { catalogue } from '@stillpoint/core';
import { openDjangoProject, type Newcomer } from './fixture/newcomer.ts';
import { lockKey } from './fixture/project.ts';

const makeUser = (name: string): string =>
  `/usr/bin/python3 manage.py shell -c "from django.contrib.auth.models import User; User.objects.create_user('${name}')"`;
const listUsers =
  '/usr/bin/python3 manage.py shell -c "from django.contrib.auth.models import User; print(*User.objects.values_list(\'username\', flat=True))"';

/** An agent that meant well: a change in the code, a table gone, a row more, a cover and a draft lost. */
async function breakThings(person: Newcomer): Promise<void> {
  const at = (name: string): string => path.join(person.directory, name);
  await person.shell(makeUser('mallory'));
  await person.shell('/usr/bin/python3 manage.py migrate -v 0 sessions zero');
  await person.shell('echo "DEBUG = undefined_name" >> bookshop/settings.py');
  await person.shell('git commit -qam "Improve the settings"');
  await rm(at('draft.py'));
  await writeFile(at('media/covers/first.txt'), 'overwritten\n');
}

test('init, doctor, snapshot, break, diff, restore, undo: with what the README says', async (t) => {
  await using person = await openDjangoProject(t);
  if (person === undefined) return;
  const at = (name: string): string => path.join(person.directory, name);
  const head = async (): Promise<string> => (await person.shell('git log -1 --format=%s')).trim();
  try {
    await person.shell(makeUser('alice'));
    await writeFile(at('draft.py'), '# an idea\n');

    const found = await person.stillpoint('init --yes');
    assert.match(found, /db\.sqlite3/);
    assert.match(found, /Wrote stillpoint\.config\.ts/);
    await person.stillpoint('init --yes', catalogue.CONFIG_EXISTS.exit);
    // What the configuration itself offers.
    await person.shell("sed -i 's|// media: {|media: {|' stillpoint.config.ts");
    const checked = await person.stillpoint('doctor');
    assert.match(checked, /sqlite/i);
    assert.match(await person.stillpoint('snapshot --name good'), /Snapshot [0-9a-f]{12}/);

    const key = await person.stillpoint('exec -- printenv STILLPOINT_LOCK_KEY');
    assert.equal(key.trim(), lockKey, 'a project without any Postgres has only the key');

    await breakThings(person);
    assert.match(await person.stillpoint('restore good --dry-run'), /settings\.py/);
    const difference = await person.stillpoint('diff good');
    for (const named of [
      'Improve the settings',
      'bookshop/settings.py',
      'django_session',
      'auth_user: 1 → 2 rows',
      'draft.py',
    ])
      assert.ok(difference.includes(named), `diff names ${named}:\n${difference}`);

    await person.stillpoint('restore good --yes');
    assert.equal(await head(), 'A new shop');
    assert.equal((await person.shell(listUsers)).trim(), 'alice');
    await person.shell(
      '/usr/bin/python3 manage.py migrate --check && /usr/bin/python3 manage.py check',
    );
    assert.equal(await readFile(at('draft.py'), 'utf8'), '# an idea\n');
    assert.equal(await readFile(at('media/covers/first.txt'), 'utf8'), 'a cover\n');

    await person.stillpoint('undo --yes');
    assert.equal(await head(), 'Improve the settings');
    assert.equal(await readFile(at('media/covers/first.txt'), 'utf8'), 'overwritten\n');
    await person.stillpoint('undo --yes');
    assert.equal((await person.shell(listUsers)).trim(), 'alice');
    const listed = await person.stillpoint('list');
    assert.match(listed, /good/);
    await person.stillpoint('verify --deep');
  } finally {
    const file = process.env['STILLPOINT_TRANSCRIPT'];
    if (file !== undefined) await writeFile(file, `${person.transcript()}\n`);
  }
});
