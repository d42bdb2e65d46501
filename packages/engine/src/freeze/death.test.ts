// Death in the freeze: the freezer is killed, or stopped, while it waits and while it holds. The promise is that the
// applications write again within the budget and a second; hence the deadlines here. STILLPOINT_SOAK: ten times each.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runDueResumes } from './run-due-resumes.ts';
import { eventually } from './testing/eventually.ts';
import type { FreezerArguments } from './testing/freezer.ts';
import { startHttpApplication } from './testing/http-application.ts';
import { startFreezer, untilHolding, type Freezer } from './testing/start-freezer.ts';

const rounds = process.env['STILLPOINT_SOAK'] === undefined ? 1 : 10;
const budgetMs = 1000;
const promiseMs = budgetMs + 1000;
const patienceMs = 20_000;
const program = fileURLToPath(new URL('testing/freezer.ts', import.meta.url));

interface Application extends AsyncDisposable {
  readonly participant: FreezerArguments['participants'][number];
  keepBusy(): Promise<() => Promise<void>>;
  isPaused(): boolean;
}

async function fileApplication(): Promise<Application> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'death-'));
  const at = (name: string): string => path.join(directory, name);
  const suspend = 'touch paused; while [ -e busy ]; do sleep 0.01; done; touch paused';
  return {
    participant: { kind: 'command', directory, suspend, resume: 'rm -f paused' },
    isPaused: () => existsSync(at('paused')),
    async keepBusy() {
      await writeFile(at('busy'), '');
      return () => rm(at('busy'), { force: true });
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function httpApplication(): Promise<Application> {
  const application = await startHttpApplication();
  const { suspendUrl: suspend, resumeUrl: resume } = application;
  return {
    participant: { kind: 'http', suspend, resume },
    isPaused: () => application.paused,
    async keepBusy() {
      const end = application.write();
      return async () => end();
    },
    [Symbol.asyncDispose]: () => application[Symbol.asyncDispose](),
  };
}

interface Scene {
  readonly application: Application;
  readonly freezer: Freezer;
  readonly resumesDirectory: string;
  readonly finish: () => Promise<void>;
}

/** The freezer waits for a busy application, or holds a quiet one. */
async function inTheFreeze(
  start: () => Promise<Application>,
  when: 'waiting' | 'holding',
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  await using application = await start();
  const resumesDirectory = await mkdtemp(path.join(os.tmpdir(), 'death-resumes-'));
  try {
    const finish = when === 'waiting' ? await application.keepBusy() : async () => {};
    const given = { budgetMs, resumesDirectory, participants: [application.participant] };
    const begin = (): Freezer => startFreezer(program, given satisfies FreezerArguments);
    await using freezer = when === 'holding' ? await untilHolding(begin, patienceMs) : begin();
    if (when === 'waiting')
      await eventually(() => application.isPaused(), patienceMs, 'the application was asked');
    await act({ application, freezer, resumesDirectory, finish });
    await freezer.leavesNothing(patienceMs);
  } finally {
    await rm(resumesDirectory, { recursive: true, force: true });
  }
}

const nothingDue = async (directory: string): Promise<boolean> =>
  (await readdir(directory)).every((name) => !name.endsWith('.json'));

for (const start of [fileApplication, httpApplication]) {
  describe(`the freezer of a ${start === fileApplication ? 'command' : 'http'} participant`, () => {
    for (const when of ['waiting', 'holding'] as const) {
      for (let round = 1; round <= rounds; round += 1) {
        it(`killed while ${when}: the application writes again (${round})`, async () => {
          await inTheFreeze(
            start,
            when,
            async ({ application, freezer, resumesDirectory, finish }) => {
              await freezer.kill();
              await eventually(() => !application.isPaused(), promiseMs, 'the application writes');
              // What was in flight ends now: a suspend that outlived its freezer would pause it again.
              await finish();
              await eventually(() => nothingDue(resumesDirectory), patienceMs, 'nothing is due');
              await freezer.leavesNothing(patienceMs);
              assert.equal(application.isPaused(), false);
            },
          );
        });

        it(`stopped while ${when}: the application writes again, the marks are void (${round})`, async () => {
          await inTheFreeze(
            start,
            when,
            async ({ application, freezer, resumesDirectory, finish }) => {
              freezer.stop();
              await eventually(() => !application.isPaused(), promiseMs, 'the application writes');
              await finish();
              const said = await freezer.goOn();
              if (when === 'holding') assert.equal(said, 'ended FREEZE_LOST');
              else assert.match(said, /^ended (FREEZE_BUDGET_EXCEEDED|PARTICIPANT_FAILED)$/);
              assert.ok(await nothingDue(resumesDirectory));
              assert.equal(application.isPaused(), false);
            },
          );
        });
      }
    }
  });
}

describe('a machine that dies in the freeze', () => {
  it('leaves due resumes, which the next command carries out', async () => {
    const { application, directory } = await orphaned('rm -f paused');
    const notes: string[] = [];
    const report = await runDueResumes(path.join(directory, 'resumes'), {
      signal: new AbortController().signal,
      progress: (event) => event.type === 'note:said' && notes.push(event.text),
    });
    assert.deepEqual(report.resumed, ['command0']);
    assert.match(notes.join(), /"command0" was still suspended/);
    assert.equal(application.isPaused(), false);
    assert.ok(await nothingDue(path.join(directory, 'resumes')));
    await rm(directory, { recursive: true });
  });

  it('keeps a resume that fails, and says what to run', async () => {
    const { directory } = await orphaned('echo no server; exit 1');
    const options = { signal: new AbortController().signal, progress: () => {} };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const report = await runDueResumes(path.join(directory, 'resumes'), options);
      assert.deepEqual(report.resumed, []);
      assert.match(report.failed[0]?.why ?? '', /exit status 1: no server/);
      assert.equal(report.failed[0]?.byHand, 'echo no server; exit 1');
    }
    await rm(directory, { recursive: true });
  });
});

/** Freezer and watchdog die at once, as in a power cut. */
async function orphaned(resume: string): Promise<{ application: Application; directory: string }> {
  const application = await fileApplication();
  const { participant } = application;
  assert.ok(participant.kind === 'command');
  const resumesDirectory = path.join(participant.directory, 'resumes');
  await mkdir(resumesDirectory);
  const given = { budgetMs: 60_000, resumesDirectory, participants: [{ ...participant, resume }] };
  await using freezer = startFreezer(program, given satisfies FreezerArguments);
  await freezer.hears('holding', patienceMs);
  const options = { signal: new AbortController().signal, progress: () => {} };
  const early = await runDueResumes(resumesDirectory, options);
  assert.deepEqual(early, { resumed: [], failed: [] }, 'a freeze that lives is left alone');
  freezer.stop();
  freezer.killDescendants();
  await freezer.kill();
  assert.equal(application.isPaused(), true);
  return { application, directory: participant.directory };
}
