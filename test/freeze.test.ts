// The freeze through the real command, with one participant of each kind: one that never holds still, and resumes that fail.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { catalogue } from '@stillpoint/core';
import { kinds, startApplications } from './fixture/applications.ts';
import { createProject } from './fixture/project.ts';

const aborted = catalogue.FREEZE_BUDGET_EXCEEDED.exit;

test('a participant that never holds still: given up at the budget, named, and everybody goes on', async () => {
  await using applications = await startApplications('1500ms');
  const { project, names } = applications;
  for (const busy of kinds) {
    const finish = await applications.keepBusy(busy);
    const { stderr } = await project.stillpoint(['snapshot'], { exit: aborted });
    // The thaw is done when the command ends; who waits for nothing else writes at once.
    for (const kind of kinds) await applications.write(kind, 1000);
    assert.match(stderr, /stillpoint: FREEZE_BUDGET_EXCEEDED: .*\(budget 1500 ms\)/);
    const said = stderr.slice(stderr.indexOf('FREEZE_BUDGET_EXCEEDED')).split('\n')[0]!;
    for (const kind of kinds) {
      assert.equal(said.includes(`"${names[kind]}"`), kind === busy, `${busy} was busy: ${said}`);
    }
    await finish();
  }
  assert.deepEqual(await project.json(['list']), [], 'no half snapshot is listed');
  await project.stillpoint(['snapshot']);
  assert.equal((await project.json<unknown[]>(['list'])).length, 1);
});

/** A project whose only participant is resumed by a script that fails as often as `failures` says. */
async function withFailingResume(
  failures: number,
): Promise<Awaited<ReturnType<typeof createProject>>> {
  const resume =
    'echo x >>.stillpoint/resumes; [ "$(wc -l <.stillpoint/resumes)" -gt "$(cat .stillpoint/failures)" ] && rm -f .stillpoint/paused';
  const project = await createProject({
    extensions: [],
    database: false,
    config: {
      participants: [
        { kind: 'command', name: 'importer', suspend: 'touch .stillpoint/paused', resume },
      ],
    },
  });
  await project.stillpoint(['list']);
  await writeFile(path.join(project.directory, '.stillpoint', 'failures'), `${failures}\n`);
  return project;
}

test('a resume that fails at first: tried again, said aloud, and the snapshot counts', async () => {
  for (const json of [false, true]) {
    await using project = await withFailingResume(2);
    const { stderr } = await project.stillpoint(['snapshot', ...(json ? ['--json'] : [])]);
    const warnings = stderr
      .split('\n')
      .filter((line) => /warning\b.*"importer\\?" was not resumed at attempt [12]/.test(line));
    assert.equal(warnings.length, 2, stderr);
    if (json) for (const line of warnings) assert.equal(typeof JSON.parse(line).warning, 'string');
    assert.equal(existsSync(path.join(project.directory, '.stillpoint', 'paused')), false);
    assert.equal((await project.json<unknown[]>(['list'])).length, 1);
  }
});

test('a resume that never succeeds: an error that says what to run, and the next command tries it again', async () => {
  await using project = await withFailingResume(1_000_000);
  const paused = path.join(project.directory, '.stillpoint', 'paused');
  const { stderr } = await project.stillpoint(['snapshot'], { exit: catalogue.RESUME_FAILED.exit });
  assert.match(stderr, /stillpoint: RESUME_FAILED: Participant "importer" .*in 6 attempts/);
  assert.match(stderr, /Run this by hand: .*rm -f \.stillpoint\/paused/);
  assert.deepEqual(await project.json(['list']), [], 'no half snapshot is listed');
  const tries = async (): Promise<number> =>
    (await readFile(path.join(project.directory, '.stillpoint', 'resumes'), 'utf8')).length;

  // A command that does not need the freeze tries too, says so, and does its own work.
  const before = await tries();
  const again = await project.stillpoint(['undo', '--yes'], {
    exit: catalogue.NOTHING_TO_UNDO.exit,
  });
  assert.match(
    again.stderr,
    /warning: "importer" may still be suspended by an earlier freeze: .*Run by hand/,
  );
  assert.ok((await tries()) > before);
  assert.ok(existsSync(paused));

  await writeFile(path.join(project.directory, '.stillpoint', 'failures'), '0\n');
  await rm(path.join(project.directory, '.stillpoint', 'resumes'));
  const { stderr: good } = await project.stillpoint(['snapshot']);
  assert.match(
    good,
    /"importer" was still suspended by an earlier freeze that died; it is resumed/,
  );
  assert.equal(existsSync(paused), false);
  assert.equal((await project.json<unknown[]>(['list'])).length, 1);
});
