// The user's shell command lines. Each runs in a process group of its own, so that it can be ended with everything it
// started. Output goes to a file, never to a pipe: a resume that starts a server in the background must not leave that
// server writing into a pipe that dies with us. The environment is inherited, with ours added by env(1).
//
// A prepared command is a shell that already runs and waits for one line on its standard input. So starting it inside the
// freeze costs no fork of this process, its pid can be journaled before it does anything, and when we die it reads end of
// file and goes away without having run.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { identifyProcess, isAlive, type ProcessIdentity } from '@stillpoint/core';

export interface ShellLine {
  readonly line: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
}

export interface PreparedCommand extends AsyncDisposable {
  readonly identity: ProcessIdentity;
  /** Resolves on exit status 0. Rejects with a plain Error naming the status and the last lines otherwise. Once. */
  run(signal: AbortSignal): Promise<void>;
}

const gate = 'read -r go || exit 0; exec sh -c "$1" </dev/null';
/** Between asking a process group to end and killing it. */
const killGraceMs = 200;
const logBytesMax = 1024 * 1024;
const tailBytes = 2048;

export async function prepareCommand(command: ShellLine): Promise<PreparedCommand> {
  const log = await openLog(command.logFile);
  try {
    const child = start(command, ['sh', '-c', gate, 'stillpoint', command.line], 'pipe', log);
    const ended = endOf(child);
    await started(child, ended);
    const identity = identityOf(child);
    // Writing to a shell that somebody killed meanwhile is reported by its exit.
    child.stdin?.on('error', () => {});
    let ran = false;
    return {
      identity,
      async run(signal) {
        signal.throwIfAborted();
        ran = true;
        const { logFile } = command;
        // Others write there too: what is ours begins here.
        const from = statSync(logFile).size;
        child.stdin?.end('go\n');
        await settle(ended, identity, signal, { logFile, from });
      },
      async [Symbol.asyncDispose]() {
        child.stdin?.destroy();
        if (!ran && isAlive(identity)) await killGroup(identity);
        child.unref();
      },
    };
  } finally {
    await log.close();
  }
}

/** Runs at once; the same outcome as run() of a prepared command. */
export async function runCommand(
  command: ShellLine & { readonly signal: AbortSignal },
): Promise<void> {
  command.signal.throwIfAborted();
  const log = await openLog(command.logFile);
  try {
    const { size } = await log.stat();
    const child = start(command, ['sh', '-c', command.line], 'ignore', log);
    const ended = endOf(child);
    await started(child, ended);
    await settle(ended, identityOf(child), command.signal, {
      logFile: command.logFile,
      from: size,
    });
  } finally {
    await log.close();
  }
}

/** Asks the group to end, kills it after a moment, and waits until its leader is gone. */
export async function killGroup(leader: ProcessIdentity): Promise<void> {
  signalGroup(leader.pid, 'SIGTERM');
  // A stopped process does not even notice that it should end.
  signalGroup(leader.pid, 'SIGCONT');
  const deadline = performance.now() + killGraceMs;
  while (isAlive(leader) && performance.now() < deadline) await delay(5);
  signalGroup(leader.pid, 'SIGKILL');
  while (isAlive(leader)) await delay(5);
}

interface Ended {
  readonly status: number | null;
  readonly killedBy: NodeJS.Signals | null;
}

function start(
  command: ShellLine,
  argv: string[],
  stdin: 'pipe' | 'ignore',
  log: FileHandle,
): ChildProcess {
  const variables = Object.entries(command.environment).map(([name, value]) => `${name}=${value}`);
  return spawn('env', [...variables, ...argv], {
    cwd: command.directory,
    detached: true,
    stdio: [stdin, log.fd, log.fd],
  });
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const [status, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { status, killedBy };
}

/** Rejects when there is no such directory or no env(1). */
async function started(child: ChildProcess, ended: Promise<Ended>): Promise<void> {
  ended.catch(() => {});
  if (child.pid === undefined) await ended;
}

function identityOf(child: ChildProcess): ProcessIdentity {
  const pid = child.pid ?? 0;
  // Already gone and reaped: an identity that is never alive says the same.
  return identifyProcess(pid) ?? { pid, startedAt: 'gone', boot: 'gone' };
}

async function settle(
  ended: Promise<Ended>,
  identity: ProcessIdentity,
  signal: AbortSignal,
  log: { readonly logFile: string; readonly from: number },
): Promise<void> {
  const onAbort = (): void => void killGroup(identity);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    const { status, killedBy } = await ended;
    signal.throwIfAborted();
    if (status === 0) return;
    const how = killedBy === null ? `exit status ${status}` : `ended by ${killedBy}`;
    throw new Error(`${how}${await readTail(log.logFile, log.from)}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}

/** Appends, because what an earlier resume started may still write there; cut when it has grown too long. */
async function openLog(file: string): Promise<FileHandle> {
  const log = await open(file, 'a', 0o600);
  if ((await log.stat()).size > logBytesMax) await log.truncate(0);
  return log;
}

async function readTail(file: string, from: number): Promise<string> {
  const log = await open(file, 'r');
  try {
    const { size } = await log.stat();
    const position = Math.max(from, size - tailBytes);
    const { buffer, bytesRead } = await log.read(Buffer.alloc(tailBytes), 0, tailBytes, position);
    const text = buffer.toString('utf8', 0, bytesRead).trim();
    return text === '' ? '' : `: ${text.split('\n').slice(-10).join('\n')}`;
  } finally {
    await log.close();
  }
}
