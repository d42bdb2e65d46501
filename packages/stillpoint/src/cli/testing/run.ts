// Runs the command as a person's shell does, and as a library with a host that remembers what was written.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Host } from '../host.ts';
import type { runCommand } from '../program.ts';

export const LAUNCHER = fileURLToPath(new URL('../../../bin/stillpoint.js', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called when the process runs, e.g. to send it a signal. */
  readonly meanwhile?: (child: ChildProcess) => Promise<void>;
  /** Another Node than ours, to run the launcher with. */
  readonly node?: string;
}

export async function stillpoint(args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = spawn(options.node ?? process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await options.meanwhile?.(child);
  const [status, signal] = await closed;
  return { status, signal, stdout, stderr };
}

export interface HostOptions {
  readonly cwd: string;
  /** What a person answers; undefined: nobody is there. */
  readonly answer?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Of a terminal; undefined: no terminal. */
  readonly columns?: number;
  readonly now?: () => Date;
}

/** Where the command's grammar comes from. */
export type LoadProgram = () => Promise<{ readonly runCommand: typeof runCommand }>;

const loadSources: LoadProgram = () => import('../program.ts');

/** In this process: fast, and with a terminal if wanted. */
export async function inProcess(
  args: readonly string[],
  options: HostOptions,
  load = loadSources,
): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const screen = { terminal: options.columns !== undefined, columns: () => options.columns ?? 80 };
  const host: Host = {
    cwd: options.cwd,
    environment: { PATH: process.env['PATH'], ...options.environment },
    stdout: { ...screen, write: (text) => void (stdout += text) },
    stderr: { ...screen, write: (text) => void (stderr += text) },
    interactive: options.answer !== undefined,
    ask: async (question) => {
      stderr += question;
      return options.answer ?? '';
    },
    signal: options.signal ?? new AbortController().signal,
    handSignalsTo: () => {},
    dieBy: (signal) => {
      throw new Error(`died by ${signal}`);
    },
    now: options.now ?? (() => new Date('2026-11-21T12:00:00Z')),
  };
  const program = await load();
  const status = await program.runCommand(args, host);
  return { status, signal: null, stdout, stderr };
}
