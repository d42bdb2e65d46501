// Rebuilding members after a restore: when it runs, what a failure, an interruption and death do. With the real command, on
// repositories alone, so that it is fast.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { identifyProcess, isAlive, type ProcessIdentity } from '@stillpoint/core';
import { forwardSteps, stepName } from '@stillpoint/engine';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { finished, startCommand } from './fixture/command.ts';
import { createProject, openProject, type Project } from './fixture/project.ts';

/** What is "installed" is a copy of the lockfile; every run is counted; `fail` and `wait` stop it. */
const rebuild = [
  'echo run >> runs',
  'if [ -e fail ]; then echo "it is out of luck"; exit 3; fi',
  'if [ -e wait ]; then echo $$ > waiting; sleep 600; fi',
  'cp package-lock.json installed',
].join('; ');

const member = 'extensions/app';
const soak = process.env['STILLPOINT_SOAK'] !== undefined;

interface Rebuilt {
  /** A file of the member. */
  readonly read: (name: string) => Promise<string>;
  readonly runs: () => Promise<number>;
}

/** A snapshot `old` of version 1, and version 2 in place. */
async function prepared(project: Project): Promise<Rebuilt> {
  const at = (name: string): string => path.join(project.directory, member, name);
  const install = async (version: string): Promise<void> => {
    await writeFile(at('package-lock.json'), version);
    await writeFile(at('installed'), version);
    await project.git(member, 'add', 'package-lock.json');
    await project.git(member, 'commit', '-qm', version);
  };
  await writeFile(at('.gitignore'), 'installed\nruns\nfail\nwait\nwaiting\n');
  await project.git(member, 'add', '.gitignore');
  await install('one');
  await project.stillpoint(['snapshot', '--name', 'old']);
  await install('two');
  const read = (name: string): Promise<string> => readFile(at(name), 'utf8');
  const runs = async (): Promise<number> =>
    existsSync(at('runs')) ? (await read('runs')).split('\n').length - 1 : 0;
  return { read, runs };
}

const createRebuilt = (): Promise<Project> =>
  createProject({
    database: false,
    extensions: [member],
    config: { members: ['.', { path: member, rebuild }] },
  });

test('a restore that changes the dependency lockfiles rebuilds, an undo too, and one that does not change them does not', async () => {
  await using project = await createRebuilt();
  const { read, runs } = await prepared(project);
  const plan = await project.stillpoint(['restore', 'old', '--dry-run']);
  assert.match(plan.stdout, /extensions\/app: its dependencies change, .*cp package-lock\.json/);
  assert.equal(await runs(), 0);
  await project.stillpoint(['restore', 'old', '--yes']);
  assert.deepEqual([await read('installed'), await runs()], ['one', 1]);
  await project.stillpoint(['undo', '--yes']);
  assert.deepEqual([await read('installed'), await runs()], ['two', 2]);

  await project.stillpoint(['snapshot', '--name', 'same']);
  await appendFile(path.join(project.directory, member, 'main.txt'), 'more\n');
  const same = await project.json<{ rebuilds: unknown[] }>(['restore', 'same', '--dry-run']);
  assert.deepEqual(same.rebuilds, []);
  await project.stillpoint(['restore', 'same', '--yes']);
  assert.equal(await runs(), 2);

  const into = `${project.directory}-copy`;
  await using _copy = openProject(into);
  await project.stillpoint(['restore', 'old', '--into', into]);
  assert.equal(await readFile(path.join(into, member, 'installed'), 'utf8'), 'one');
});

test('a rebuild that fails takes the restore back, and what was there is built again', async () => {
  await using project = await createRebuilt();
  const { read, runs } = await prepared(project);
  const fail = path.join(project.directory, member, 'fail');
  await writeFile(fail, '');
  const { stderr } = await project.stillpoint(['restore', 'old', '--yes'], { exit: 1 });
  assert.match(stderr, /RESTORE_FAILED.*at rebuild extensions\/app/);
  assert.match(stderr, /The rebuild of extensions\/app failed: exit status 3: it is out of luck/);
  assert.equal(await read('package-lock.json'), 'two');
  assert.equal(await runs(), 2, 'forward, and once more on the way back');
  assert.match(stderr, /warning.*The rebuild/, 'on the way back it is told and not stuck');
  const log = path.join(project.directory, '.stillpoint/log/rebuild-extensions-app.log');
  assert.match(await readFile(log, 'utf8'), /out of luck/);
  await rm(fail);
  await project.stillpoint(['restore', 'old', '--yes']);
  assert.equal(await read('installed'), 'one');
});

test('where there is nothing to go back to a failed rebuild is told, and the data is there', async () => {
  await using project = await createRebuilt();
  await prepared(project);
  const into = `${project.directory}-copy`;
  await using copy = openProject(into);
  await writeFile(path.join(project.directory, 'stillpoint.config.json'), failing);
  const { stderr } = await project.stillpoint(['restore', 'old', '--into', into]);
  assert.match(stderr, /warning.*The rebuild of extensions\/app failed/);
  assert.equal(await readFile(path.join(into, member, 'package-lock.json'), 'utf8'), 'one');
  await copy.stillpoint(['list']);
});

const failing = JSON.stringify({ members: ['.', { path: member, rebuild: 'exit 3' }] });

/** Resolves to the process that the rebuild waits in. */
async function waitingShell(project: Project): Promise<ProcessIdentity> {
  const file = path.join(project.directory, member, 'waiting');
  let found: ProcessIdentity | undefined;
  const begun = async (): Promise<boolean> => {
    const text = await readFile(file, 'utf8').catch(() => '');
    found = text.endsWith('\n') ? identifyProcess(Number(text)) : undefined;
    return found !== undefined;
  };
  await eventually(begun, 60_000, 'the rebuild waits');
  return found!;
}

test('an interruption ends the rebuild with everything it started, and takes the restore back', async () => {
  await using project = await createRebuilt();
  const { read } = await prepared(project);
  const wait = path.join(project.directory, member, 'wait');
  await writeFile(wait, '');
  const child = startCommand(['restore', 'old', '--yes'], { cwd: project.directory });
  const ended = finished(child);
  const shell = await waitingShell(project);
  await rm(wait);
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /it was interrupted/);
  assert.ok(!isAlive(shell), 'the shell is gone');
  assert.deepEqual([await read('package-lock.json'), await read('installed')], ['two', 'two']);
});

test('killed while it rebuilds: the next command ends the one that goes on, and builds again', async () => {
  await using project = await createRebuilt();
  const { read, runs } = await prepared(project);
  const wait = path.join(project.directory, member, 'wait');
  await writeFile(wait, '');
  const child = startCommand(['restore', 'old', '--yes'], { cwd: project.directory });
  const ended = finished(child);
  const shell = await waitingShell(project);
  await rm(wait);
  child.kill('SIGKILL');
  await ended;
  assert.ok(isAlive(shell), 'it outlives us');
  await project.stillpoint(['gate']);
  assert.ok(!isAlive(shell));
  assert.deepEqual([await read('installed'), await runs()], ['one', 2]);
});

test('killed -9 at each line of the journal about a rebuild: all before or all after, and built to match', async () => {
  await using project = await createRebuilt();
  const { read } = await prepared(project);
  const steps = forwardSteps([], [member])
    .map(stepName)
    .filter((name) => name.startsWith('rebuild'));
  assert.equal(steps.length, 1);
  const points = steps.flatMap((step) =>
    ['begun', 'done'].flatMap((moment) =>
      ['before', 'after'].map((when) => `${when} forward ${step} ${moment}`),
    ),
  );
  // The others run in `npm run test:soak`.
  for (const point of soak ? points : points.slice(1, 2)) {
    const env = { STILLPOINT_CRASH_AT: point };
    await project.stillpoint(['restore', 'old', '--yes'], { exit: 137, env });
    await project.stillpoint(['gate']);
    assert.deepEqual([await read('package-lock.json'), await read('installed')], ['one', 'one']);
    await project.stillpoint(['undo', '--yes']);
    assert.deepEqual([await read('package-lock.json'), await read('installed')], ['two', 'two']);
  }
  // On the way back.
  await writeFile(path.join(project.directory, member, 'fail'), '');
  const env = { STILLPOINT_CRASH_AT: `after back rebuild ${member} begun` };
  await project.stillpoint(['restore', 'old', '--yes'], { exit: 137, env });
  await rm(path.join(project.directory, member, 'fail'));
  await project.stillpoint(['gate']);
  assert.deepEqual([await read('package-lock.json'), await read('installed')], ['two', 'two']);
});
