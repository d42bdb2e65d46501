// What a command prints into a pipe is whole, however long: a pipe takes only some of it at once.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { run, stillpointBinary } from './fixture/command.ts';
import { createProject } from './fixture/project.ts';

test('a list that is longer than a pipe holds is not cut short', async () => {
  await using project = await createProject({ extensions: [], database: false });
  const message = 'x'.repeat(100_000);
  for (let taken = 0; taken < 3; taken++) await project.stillpoint(['snapshot', '-m', message]);
  const snapshots = await project.json<{ message: string }[]>(['list']);
  assert.deepEqual(
    snapshots.map((one) => one.message.length),
    [100_000, 100_000, 100_000],
  );
  const { stdout } = await project.stillpoint(['show', 'latest']);
  assert.match(stdout, /^SOURCE/m, 'what comes after the message');
});

test('a restore whose talk nobody reads any more goes on to its end', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await project.stillpoint(['snapshot', '--name', 'old']);
  await writeFile(path.join(project.directory, 'counter.txt'), 'new\n');
  const command = `"${stillpointBinary}" restore old --yes 2>&1 >/dev/null | true; exit "\${PIPESTATUS[0]}"`;
  await run('bash', ['-c', command], { cwd: project.directory });
  assert.equal(await readFile(path.join(project.directory, 'counter.txt'), 'utf8'), '0\n');
});
