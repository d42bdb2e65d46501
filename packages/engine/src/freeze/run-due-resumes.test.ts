// The journal of due resumes: who may touch it, and what bad files do.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { isFailure, newSnapshotId, ownIdentity, silent } from '@stillpoint/core';
import { createCommandParticipant } from './command-participant.ts';
import { freeze } from './freeze.ts';
import { createHttpParticipant } from './http-participant.ts';
import { runDueResumes, type RunDueResumesReport } from './run-due-resumes.ts';
import { writeDueResumes, type DueResumes } from './resumes-journal.ts';
import { startHttpApplication } from './testing/http-application.ts';
import { findChildren } from './testing/processes.ts';

const parent = await mkdtemp(path.join(os.tmpdir(), 'resumes-'));
let directory: string;
beforeEach(async () => (directory = await mkdtemp(path.join(parent, 'case-'))));
after(() => rm(parent, { recursive: true, force: true }));

const at = (name: string): string => path.join(directory, name);
const run = (): Promise<RunDueResumesReport> =>
  runDueResumes(at('resumes'), { signal: new AbortController().signal, progress: silent });
const nobody = { pid: 1, startedAt: 'another', boot: 'another' };

async function journal(more: Partial<DueResumes>): Promise<string> {
  await mkdir(at('resumes'), { recursive: true });
  const file = at('resumes/one.json');
  const startedAt = new Date().toISOString();
  const head = { format: 1, snapshot: newSnapshotId(), startedAt, freezer: nobody } as const;
  await writeDueResumes(file, { ...head, due: [], ...more });
  return file;
}

describe('due resumes', () => {
  it('are none where nothing was ever frozen', async () => {
    assert.deepEqual(await run(), { resumed: [], failed: [] });
    assert.deepEqual(await readdir(directory), []);
  });

  it('are left to a freezer that lives', async () => {
    const file = await journal({ freezer: ownIdentity() });
    await run();
    assert.ok(existsSync(file));
  });

  it('go on over HTTP too', async () => {
    await using application = await startHttpApplication();
    const url = application.resumeUrl;
    const snapshot = newSnapshotId();
    const file = await journal({ due: [{ kind: 'http', participant: 'app', url, snapshot }] });
    application.refuseResumes(1);
    assert.deepEqual(await run(), { resumed: ['app'], failed: [] });
    assert.equal(application.asked.at(-1), `/resume {"snapshot":"${snapshot}"}`);
    assert.ok(!existsSync(file));
  });

  it('of a damaged journal are an error that names the file', async () => {
    await mkdir(at('resumes'));
    for (const text of ['', '{"format":2}', '{"format":1,"due":[{"kind":"command"}]}']) {
      await writeFile(at('resumes/bad.json'), text);
      await assert.rejects(run(), (error) => {
        assert.ok(isFailure(error, 'RESUME_JOURNAL_DAMAGED'));
        assert.ok(error.message.includes(at('resumes/bad.json')));
        return true;
      });
    }
  });

  it('do not mind what a torn write left beside them', async () => {
    await mkdir(at('resumes'));
    await writeFile(at('resumes/one.json.1234.tmp'), '{');
    assert.deepEqual(await run(), { resumed: [], failed: [] });
  });

  it('of a freeze whose resume failed stay, for the next command, though the freezer lives', async () => {
    const participant = createCommandParticipant({
      name: 'app',
      guards: '*',
      suspend: 'touch paused',
      resume: '[ -e repaired ] && rm -f paused',
      directory,
      logDirectory: at('log'),
    });
    await using application = await startHttpApplication();
    const { suspendUrl: suspend, resumeUrl: resume } = application;
    const other = createHttpParticipant({ name: 'other', guards: '*', suspend, resume });
    const options = { budgetMs: 10_000, resumesDirectory: at('resumes'), progress: silent };
    const frozen = freeze(
      {
        ...options,
        participants: [participant, other],
        snapshot: newSnapshotId(),
        signal: new AbortController().signal,
      },
      async () => {},
    );
    await assert.rejects(frozen, (error) => {
      assert.ok(isFailure(error, 'RESUME_FAILED'));
      assert.match(error.hint, /by hand: \[ -e repaired \] && rm -f paused\./);
      return true;
    });
    assert.equal(application.paused, false);
    assert.ok(existsSync(at('paused')));
    await writeFile(at('repaired'), '');
    assert.deepEqual(await run(), { resumed: ['app'], failed: [] });
    assert.ok(!existsSync(at('paused')));
    assert.deepEqual(await readdir(at('resumes')), []);
  });

  it('leave no file behind a freeze that went well', async () => {
    const participant = createCommandParticipant({
      name: 'app',
      guards: '*',
      suspend: 'ls resumes >seen; touch paused',
      resume: 'rm -f paused',
      directory,
      logDirectory: at('log'),
    });
    const { value } = await freeze(
      {
        participants: [participant],
        budgetMs: 10_000,
        resumesDirectory: at('resumes'),
        snapshot: newSnapshotId(),
        signal: new AbortController().signal,
        progress: silent,
      },
      async (held) => {
        await held.check();
        return (await readdir(at('resumes'))).length;
      },
    );
    assert.equal(value, 1, 'journaled while it lasts');
    assert.deepEqual(await readdir(at('resumes')), []);
    assert.ok(!existsSync(at('paused')));
  });

  it('are carried out by ourselves when the watchdog is killed, and the marks are void', async () => {
    const participant = createCommandParticipant({
      name: 'app',
      guards: '*',
      suspend: 'touch paused',
      resume: 'rm -f paused',
      directory,
      logDirectory: at('log'),
    });
    const frozen = freeze(
      {
        participants: [participant],
        budgetMs: 10_000,
        resumesDirectory: at('resumes'),
        snapshot: newSnapshotId(),
        signal: new AbortController().signal,
        progress: silent,
      },
      async (held) => {
        for (const pid of findChildren('watchdog-process')) process.kill(pid, 'SIGKILL');
        await assert.rejects(held.check(), (error) => isFailure(error, 'FREEZE_LOST'));
      },
    );
    await assert.rejects(frozen, (error) => isFailure(error, 'FREEZE_LOST'));
    assert.ok(!existsSync(at('paused')));
    assert.deepEqual(await readdir(at('resumes')), []);
  });
});
