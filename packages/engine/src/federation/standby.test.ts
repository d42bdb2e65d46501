// Processes that wait: they must look at nothing before they are told to, answer once, and leave nobody behind.
import assert from 'node:assert/strict';
import { execFileSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { createGit, type Git } from './git.ts';
import { rehearse } from './standby.ts';

const words = ['for-each-ref', '--format=%(refname)', 'refs/'] as const;

interface Stage {
  readonly git: Git;
  readonly started: readonly ChildProcess[];
  readonly tag: (name: string) => void;
}

/** A repository with one commit, and a git that tells which processes it started waiting. */
async function setStage(t: TestContext): Promise<Stage> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-standby-'));
  t.after(() => rm(directory, { recursive: true }));
  const run = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], {
      cwd: directory,
    });
  };
  run('init', '-q', '-b', 'main');
  run('commit', '-q', '--allow-empty', '-m', 'first');
  const git = createGit({ gitDirectory: path.join(directory, '.git'), workTree: directory });
  const started: ChildProcess[] = [];
  return {
    git: {
      ...git,
      openWaiting(args, options) {
        const child = git.openWaiting(args, options);
        started.push(child);
        return child;
      },
    },
    started,
    tag: (name) => run('tag', name),
  };
}

test('a waiting process sees what is there when it is told to begin, and answers once', async (t) => {
  const { git, started, tag } = await setStage(t);
  const rehearsal = rehearse(git);
  assert.equal(String(await rehearsal.git.output(words)), 'refs/heads/main\n');
  await using standby = rehearsal.standBy();
  assert.equal(started.length, 1);
  tag('later');
  assert.equal(String(await standby.git.output(words)), 'refs/heads/main\nrefs/tags/later\n');
  tag('last');
  const again = await standby.git.attempt(words);
  assert.match(String(again.stdout), /refs\/tags\/last/);
  assert.equal(started.length, 1);
});

test('what was not rehearsed with the same words and surroundings is asked of a new process', async (t) => {
  const { git } = await setStage(t);
  const rehearsal = rehearse(git);
  await rehearsal.git.attempt(['rev-parse', 'GIT_DIR'], { environment: { GIT_INDEX_FILE: '/a' } });
  await using standby = rehearsal.standBy();
  assert.equal(String(await standby.git.output(words)), 'refs/heads/main\n');
  const listed = await standby.git.attempt(['ls-files'], {
    environment: { GIT_INDEX_FILE: '/nowhere' },
  });
  assert.deepEqual([listed.code, String(listed.stdout)], [0, '']);
});

test('a call that fails says so in git’s words', async (t) => {
  const { git } = await setStage(t);
  const rehearsal = rehearse(git);
  const wrong = ['rev-parse', '--verify', '--quiet', 'nothing'];
  assert.equal((await rehearsal.git.attempt(wrong)).code, 1);
  await using standby = rehearsal.standBy();
  await assert.rejects(standby.git.output(wrong), (error) => isFailure(error, 'GIT_FAILED'));
});

test('an abort ends the call with its reason', async (t) => {
  const { git } = await setStage(t);
  const rehearsal = rehearse(git);
  await rehearsal.git.output(words);
  await using standby = rehearsal.standBy();
  const reason = new Error('too late');
  await assert.rejects(standby.git.output(words, { signal: AbortSignal.abort(reason) }), reason);
});

test('whoever was not needed is gone when the standby is', async (t) => {
  const { git, started } = await setStage(t);
  const rehearsal = rehearse(git);
  await rehearsal.git.output(words);
  await rehearsal.git.output(['rev-parse', 'HEAD']);
  await rehearsal.standBy()[Symbol.asyncDispose]();
  assert.equal(started.length, 2);
  for (const { pid } of started) {
    assert.throws(() => process.kill(pid!, 0), { code: 'ESRCH' });
  }
});

test('a waiting process ends when our end of its pipe closes', async (t) => {
  const { git } = await setStage(t);
  const child = git.openWaiting(words);
  const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
  const seen: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => seen.push(chunk));
  child.stderr.resume();
  child.stdin.destroy();
  assert.equal(await ended, 1);
  assert.equal(Buffer.concat(seen).length, 0);
});
