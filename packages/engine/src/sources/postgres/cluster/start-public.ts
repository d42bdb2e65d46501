// Starts a cluster for everybody: decides under the lock what is to be done with what already runs, starts a
// supervisor if there is none, and waits (without the lock, so that a stop can come between) until a session
// can be opened.
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { Endpoint } from './connection.ts';
import { sizeOf, tailOf } from './log-file.ts';
import { assertPortFree, portTaken } from './port.ts';
import { findPostmaster, stopPostmaster, type Postmaster } from './postmaster.ts';
import { tryConnect } from './private-server.ts';
import type { ServerDoor } from './server-command.ts';
import { isClosing, readState, setClosing } from './supervision-files.ts';
import { startSupervisor, stopSupervised } from './supervision.ts';
import type { Owner } from './system-user.ts';
import { waitUntil } from './wait-until.ts';

export interface StartPlan {
  readonly root: string;
  readonly log: string;
  readonly program: string;
  readonly owner: Owner | undefined;
  readonly password: string;
  readonly door: ServerDoor;
  readonly signal: AbortSignal;
  takeLock(signal?: AbortSignal): Promise<Disposable>;
  /** Throws for data that must not be started. */
  check(): void;
  writeConfig(): Promise<void>;
  findPublic(): Postmaster | undefined;
}

/** Crash recovery after a long night can take minutes; a server that makes no progress ends by itself. */
const START_LIMIT_MS = 600_000;

/** Supervisors that end just when they are found: so often we look again. */
const TRIES = 3;
/** From the start of the supervisor until it says so. */
const SUPERVISOR_LIMIT_MS = 30_000;

interface Begun {
  /** undefined: someone else's supervisor was already there. */
  readonly supervisor: ChildProcess | undefined;
  /** The server itself was already there. */
  readonly adopting: boolean;
  readonly serverLog: string;
  readonly supervisorLog: string;
  readonly serverLogFrom: number;
}

export async function startPublic(plan: StartPlan): Promise<void> {
  for (let left = TRIES - 1; ; left--) {
    const begun = await begin(plan);
    try {
      return await waitUntilOpen(plan, begun);
    } catch (error) {
      plan.signal.throwIfAborted();
      // A supervisor that was not ours has ended: it was stopped, or went with a server that was.
      if (begun.supervisor !== undefined || left === 0) throw error;
    }
  }
}

async function begin(plan: StartPlan): Promise<Begun> {
  using _held = await plan.takeLock(plan.signal);
  const { root, door } = plan;
  const logs = {
    serverLog: path.join(plan.log, 'postgres.log'),
    supervisorLog: path.join(plan.log, 'supervisor.log'),
  };
  const serverLogFrom = sizeOf(logs.serverLog);
  plan.check();
  await endWhatIsInTheWay(plan);
  const adopting = plan.findPublic() !== undefined;
  const begun = { ...logs, serverLogFrom, adopting, supervisor: undefined };
  if (readState(root) !== undefined) return begun;
  if (!adopting) {
    await assertPortFree(door.port);
    await plan.writeConfig();
  }
  const { program, owner = null } = plan;
  const supervisor = await startSupervisor(root, { program, door, owner, ...logs });
  // Before the lock goes: whoever takes it next must see that there is one.
  await waitUntil(() => readState(root) ?? (isOver(supervisor) ? true : undefined), {
    limitMs: SUPERVISOR_LIMIT_MS,
  });
  return { ...begun, supervisor };
}

/** A server that was told to take nobody in, and a private one that a killed process left. */
async function endWhatIsInTheWay(plan: StartPlan): Promise<void> {
  const { root, door } = plan;
  const served = plan.findPublic();
  if (isClosing(root) || served?.state === 'stopping') {
    await stopSupervised(root, door.dataDirectory);
    await setClosing(root, false);
  }
  const left = findPostmaster(door.dataDirectory);
  if (left?.listens === false) await stopPostmaster(left.pid, door.dataDirectory);
}

/** Rejects when it cannot be opened; what we started is stopped then, what we found is left as it was. */
async function waitUntilOpen(plan: StartPlan, begun: Begun): Promise<void> {
  try {
    await waitForSession(plan, begun);
  } catch (error) {
    if (begun.supervisor !== undefined && !begun.adopting) {
      using _held = await plan.takeLock();
      await stopSupervised(plan.root, plan.door.dataDirectory);
    }
    throw error;
  }
}

async function waitForSession(plan: StartPlan, begun: Begun): Promise<void> {
  const { signal, door } = plan;
  const open = await waitUntil(
    async () => {
      const served = plan.findPublic();
      if (served?.state === 'ready') {
        const { port, socketDirectory } = served;
        const endpoint: Endpoint = {
          port,
          socketDirectory,
          password: plan.password,
          listens: true,
        };
        return tryConnect(endpoint, signal);
      }
      if (served === undefined && hasEnded(plan, begun)) throw startFailed(begun, door.port);
      return undefined;
    },
    { limitMs: START_LIMIT_MS, signal },
  );
  if (open === undefined) throw startFailed(begun, door.port);
}

function hasEnded(plan: StartPlan, { supervisor }: Begun): boolean {
  return supervisor === undefined ? readState(plan.root) === undefined : isOver(supervisor);
}

function isOver(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function startFailed(begun: Begun, port: number): Error {
  const log = tailOf(begun.serverLog, begun.serverLogFrom);
  if (log.includes('could not bind IPv4 address "127.0.0.1"')) return portTaken(port);
  const reason =
    /(?:FATAL|PANIC): +(.*)/.exec(log)?.[1] ?? 'it did not open in time or was stopped';
  const text = log === '' ? tailOf(begun.supervisorLog) : log;
  return failure('POSTGRES_START_FAILED', { reason, file: begun.serverLog, log: text });
}
