// The configuration file is part of the core member. A restore that dies between removing it and writing it again is found and
// ended all the same; what was edited meanwhile is kept.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createProject } from './fixture/project.ts';

test('a restore that died while the configuration was gone is ended by the next command', async () => {
  await using project = await createProject({ extensions: ['extension'], database: false });
  const at = (name: string) => path.join(project.directory, name);
  await project.stillpoint(['snapshot', '--name', 'old']);
  await writeFile(at('extension/main.txt'), 'new\n');
  const env = { STILLPOINT_CRASH_AT: 'after forward switch . begun' };
  await project.stillpoint(['restore', 'old', '--yes'], { exit: 137, env });
  await rm(at('stillpoint.config.json'));
  await writeFile(at('extension/meanwhile.txt'), 'edited after the crash\n');

  const { stderr } = await project.stillpoint(['list']);
  assert.match(stderr, /was carried to its end/);
  assert.doesNotMatch(stderr, /could not be kept/);
  assert.equal(await readFile(at('extension/main.txt'), 'utf8'), 'extension\n');
  const kept = /kept as ([0-9a-f]{12})/.exec(stderr)?.[1] ?? '';
  await project.stillpoint(['restore', kept, '--yes']);
  assert.equal(await readFile(at('extension/meanwhile.txt'), 'utf8'), 'edited after the crash\n');
});

test('a snapshot after a restore that died takes the members of the configuration that came back', async () => {
  await using project = await createProject({ extensions: ['first', 'second'], database: false });
  const file = path.join(project.directory, 'stillpoint.config.json');
  await project.stillpoint(['snapshot', '--name', 'both']);
  await writeFile(file, JSON.stringify({ members: ['.', 'first'] }));
  const env = { STILLPOINT_CRASH_AT: 'after forward switch . begun' };
  await project.stillpoint(['restore', 'both', '--yes'], { exit: 137, env });
  const { members } = await project.json<{ members: { path: string }[] }>(['snapshot']);
  assert.deepEqual(
    members.map((member) => member.path),
    ['.', 'first', 'second'],
  );
});
