// Undo is shown before it is asked for, with the real command.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createProject } from './fixture/project.ts';

interface Plan {
  readonly snapshot: { readonly id: string };
  readonly changes: readonly { readonly source: string; readonly summary: string }[];
}

test('undo --dry-run says what would change and changes nothing; without --yes the plan comes before the question', async () => {
  await using project = await createProject({ extensions: [], database: false });
  const file = path.join(project.directory, 'counter.txt');
  await writeFile(file, 'one');
  await project.stillpoint(['undo', '--dry-run'], { exit: 10 });
  await project.stillpoint(['snapshot', '--name', 'first']);
  await writeFile(file, 'two');
  const { undo } = await project.json<{ undo: string }>(['restore', 'first', '--yes']);

  const plan = await project.json<Plan>(['undo', '--dry-run']);
  assert.equal(plan.snapshot.id, undo);
  assert.deepEqual(
    plan.changes.map(({ source }) => source),
    ['.'],
  );
  const said = await project.stillpoint(['undo', '--dry-run']);
  assert.match(said.stdout, new RegExp(`Restoring ${undo}.*changes:\n  \\.: `));
  assert.equal(await readFile(file, 'utf8'), 'one');

  const asked = await project.stillpoint(['undo'], { exit: 2 });
  assert.match(asked.stderr, /Restoring .*changes:\n {2}\.: .*CONFIRMATION_NEEDED/s);
  assert.equal(await readFile(file, 'utf8'), 'one');

  await project.stillpoint(['undo', '--yes']);
  assert.equal(await readFile(file, 'utf8'), 'two');
});
