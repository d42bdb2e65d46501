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
  takeLock(signal: AbortSignal): Promise<Disposable>;
  /** Throws for data that must not be started. */
  check(): void;
  writeConfig(): Promise<void>;
  findPublic(): Postmaster | undefined;
}

/** Crash recovery after a long night can take minutes; a server that makes no progress ends by itself. */
const START_LIMIT_MS = 600_000;

interface Begun {
  /** undefined: someone else's supervisor was already there. */
  readonly supervisor: ChildProcess | undefined;
  readonly serverLog: string;
  readonly supervisorLog: string;
  readonly serverLogFrom: number;
}

export async function startPublic(plan: StartPlan): Promise<void> {
  const begun = await begin(plan);
  try {
    await waitUntilOpen(plan, begun);
  } catch (error) {
    if (begun.supervisor !== undefined) {
      using _held = await plan.takeLock(new AbortController().signal);
      await stopSupervised(plan.root, plan.door.dataDirectory);
    }
    throw error;
  }
}

async function begin(plan: StartPlan): Promise<Begun> {
  using _held = await plan.takeLock(plan.signal);
  const { root, door } = plan;
  const serverLog = path.join(plan.log, 'postgres.log');
  const supervisorLog = path.join(plan.log, 'supervisor.log');
  const begun = { serverLog, supervisorLog, serverLogFrom: sizeOf(serverLog) };
  plan.check();
  await endWhatIsInTheWay(plan);
  if (readState(root) !== undefined) return { ...begun, supervisor: undefined };
  if (plan.findPublic() === undefined) {
    await assertPortFree(door.port);
    await plan.writeConfig();
  }
  const supervisor = await startSupervisor(root, {
    program: plan.program,
    door,
    owner: plan.owner ?? null,
    serverLog,
    supervisorLog,
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
  if (left !== undefined && plan.findPublic() === undefined) {
    await stopPostmaster(left.pid, door.dataDirectory);
  }
}

async function waitUntilOpen(plan: StartPlan, begun: Begun): Promise<void> {
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
  if (supervisor === undefined) return readState(plan.root) === undefined;
  return (
    supervisor.pid === undefined || supervisor.exitCode !== null || supervisor.signalCode !== null
  );
}

function startFailed(begun: Begun, port: number): Error {
  const log = tailOf(begun.serverLog, begun.serverLogFrom);
  if (log.includes('could not bind IPv4 address "127.0.0.1"')) return portTaken(port);
  const reason =
    /(?:FATAL|PANIC): +(.*)/.exec(log)?.[1] ?? 'it did not open in time or was stopped';
  const text = log === '' ? tailOf(begun.supervisorLog) : log;
  return failure('POSTGRES_START_FAILED', { reason, file: begun.serverLog, log: text });
}
