// Death in the freeze, of the real command: killed -9 or stopped while it waits for a participant of each kind, and while it
// holds all of them. The applications write again within the budget and a second, nothing half is listed, marks that went
// on behind a lost freeze are not sealed, and the next snapshot works. `npm run test:soak`: each kind, ten times.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue } from '@stillpoint/core';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { kinds, startApplications, type Applications, type Kind } from './fixture/applications.ts';
import { finished, runCommand, startCommand, type CommandResult } from './fixture/command.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const rounds = soak ? 10 : 1;
const budgetMs = 2500;
const promiseMs = budgetMs + 1000;
const patienceMs = 30_000;

/** The command as processes: the launcher of an older Node, and the freezer itself. */
interface Freezer {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandResult>;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

function startFreezer(applications: Applications): Freezer {
  const child = startCommand(['snapshot', '--json'], { cwd: applications.project.directory });
  return {
    child,
    ended: finished(child),
    signal(name) {
      // The command itself first, so that its launcher sees it die, as a kill of both would have it.
      for (const pid of [...commandsBelow(child.pid!), child.pid!]) {
        try {
          process.kill(pid, name);
        } catch {
          // Gone: the launcher follows its command.
        }
      }
    },
  };
}

/** Children that are the command; not the watchdog, nor the shells of participants. */
function commandsBelow(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return Number(ppid) === parent && words.some((word) => word.endsWith('/cli/main.ts'));
      } catch {
        return false;
      }
    });
}

async function backends(applications: Applications, condition: string): Promise<number[]> {
  const { rows } = await applications.client.query<{ pid: number }>(
    `SELECT DISTINCT pid FROM pg_locks FULL JOIN pg_stat_activity USING (pid) WHERE ${condition}`,
  );
  return rows.map(({ pid }) => pid);
}

const someoneWaits = "locktype = 'advisory' AND mode = 'ExclusiveLock' AND NOT granted";
const someoneHolds = "locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted";
const markers = "application_name = 'stillpoint mark'";

interface Frozen {
  readonly freezer: Freezer;
  /** Lets go on what keeps the freezer where it is. */
  readonly release: () => Promise<void>;
}

/** False: the freezer ended before; a loaded machine has eaten its budget. */
async function reached(freezer: Freezer, seen: () => Promise<boolean>): Promise<boolean> {
  let ended = false;
  void freezer.ended.then(() => (ended = true));
  await eventually(
    async () => ended || (await seen()),
    patienceMs,
    'the freezer is where it shall die',
  );
  return !ended;
}

async function untilWaitingFor(
  applications: Applications,
  kind: Kind,
): Promise<Frozen | undefined> {
  const release = await applications.keepBusy(kind);
  const freezer = startFreezer(applications);
  const asked = async (): Promise<boolean> =>
    kind === 'lock'
      ? (await backends(applications, someoneWaits)).length > 0
      : applications.isPaused(kind);
  if (await reached(freezer, asked)) return { freezer, release };
  await release();
  return undefined;
}

/** Its marks cannot be taken: the server's processes for them are stopped while it still waits for the lock. */
async function untilHolding(applications: Applications): Promise<Frozen | undefined> {
  const waiting = await untilWaitingFor(applications, 'lock');
  if (waiting === undefined) return undefined;
  const { freezer } = waiting;
  const stopped = await backends(applications, markers);
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  const release = async (): Promise<void> => {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
  };
  await waiting.release();
  const held = await reached(
    freezer,
    async () => (await backends(applications, someoneHolds)).length > 0,
  );
  if (held) return { freezer, release };
  await release();
  return undefined;
}

/** Again, if a loaded machine had no time for the freeze. */
async function withPatience<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 1; tries <= 5; tries += 1) {
    const value = await attempt();
    if (value !== undefined) return value;
  }
  return assert.fail('five freezes were given up before they could die');
}

async function dieOnce(
  applications: Applications,
  begin: () => Promise<Frozen | undefined>,
  how: 'SIGKILL' | 'SIGSTOP',
): Promise<void> {
  const { project } = applications;
  const before = (await project.json<unknown[]>(['list'])).length;
  const { freezer, release } = await withPatience(begin);
  try {
    freezer.signal(how);
    await Promise.all(kinds.map((kind) => applications.write(kind, promiseMs)));
  } finally {
    await release();
  }
  if (how === 'SIGSTOP') {
    freezer.signal('SIGCONT');
    const { code, stdout, stderr } = await freezer.ended;
    assert.equal(code, catalogue.FREEZE_LOST.exit, stderr);
    assert.match(stderr, /"(FREEZE_LOST|FREEZE_BUDGET_EXCEEDED|PARTICIPANT_FAILED)"/);
    assert.equal(stdout, '');
  } else {
    await freezer.ended;
  }
  assert.equal((await project.json<unknown[]>(['list'])).length, before, 'nothing half is listed');
  for (const kind of kinds) await applications.write(kind, promiseMs);
  await withPatience(async () => {
    const { code, stderr } = await runCommand(['snapshot'], { cwd: project.directory });
    assert.ok(code === 0 || /FREEZE_BUDGET_EXCEEDED/.test(stderr), stderr);
    return code === 0 ? 'taken' : undefined;
  });
  assert.equal((await project.json<unknown[]>(['list'])).length, before + 1);
}

for (let round = 1; round <= rounds; round += 1) {
  test(`the command dies in the freeze (${round})`, async (t) => {
    await using applications = await startApplications(`${budgetMs}ms`);
    await applications.project.stillpoint(['snapshot']);
    for (const how of ['SIGKILL', 'SIGSTOP'] as const) {
      for (const kind of soak ? kinds : kinds.slice(0, 1)) {
        await t.test(`${how} while it waits for the ${kind} application`, () =>
          dieOnce(applications, () => untilWaitingFor(applications, kind), how),
        );
      }
      await t.test(`${how} while it holds all of them`, () =>
        dieOnce(applications, () => untilHolding(applications), how),
      );
    }
    await applications.project.stillpoint(['verify', '--deep']);
  });
}
