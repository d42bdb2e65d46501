// Runs pg_dump or pg_restore. The password goes through the environment, which only we and root can read; what the program says
// is kept in part and shown without it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import type { ServerAddress } from '@stillpoint/postgres';
import { conninfo } from './address.ts';
import type { Programs } from './programs.ts';

export interface ProgramRun {
  readonly programs: Programs;
  readonly program: 'pg_dump' | 'pg_restore';
  readonly address: ServerAddress;
  readonly database: string;
  /** For sessions of the program, '-c name=value'; a proxy may refuse any. */
  readonly sessionOptions: readonly string[];
  readonly password: string | undefined;
  readonly arguments: readonly string[];
  readonly signal: AbortSignal;
}

/** What the program said, without secrets. */
export class ProgramFailed extends Error {}

const STDERR_BYTES = 16 * 1024;
const LINES_SHOWN = 6;
const GRACE_MS = 5000;

export async function runProgram(options: ProgramRun): Promise<void> {
  const { programs, program, address, database, password, signal } = options;
  const connection = conninfo(address, database, options.sessionOptions);
  await runPlain({
    file: path.join(programs.directory, program),
    arguments: [...options.arguments, '--no-password', '-d', connection],
    environment: password === undefined ? {} : { PGPASSWORD: password },
    secret: password,
    signal,
  });
}

/** The table of contents of a dump, as `pg_restore -l` writes it. */
export async function listDump(
  programs: Programs,
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  return runPlain({
    file: path.join(programs.directory, 'pg_restore'),
    arguments: ['-l', directory],
    environment: {},
    secret: undefined,
    signal,
  });
}

/** Neither program says its password; one that is hardly any would only make holes in words. */
function withoutSecret(text: string, secret: string | undefined): string {
  return secret === undefined || secret.length < 4 ? text : text.replaceAll(secret, '***');
}

interface PlainRun {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secret: string | undefined;
  readonly signal: AbortSignal;
}

async function runPlain({ file, signal, ...run }: PlainRun): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(file, run.arguments, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: path.dirname(file),
      HOME: os.homedir(),
      LC_ALL: 'C',
      PGCONNECT_TIMEOUT: '10',
      PGAPPNAME: 'stillpoint copy',
      ...run.environment,
    },
  });
  let patience: NodeJS.Timeout | undefined;
  const abort = (): void => {
    // It ends its own workers on this; one that hangs takes them along.
    child.kill('SIGTERM');
    patience = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  };
  signal.addEventListener('abort', abort, { once: true });
  const written: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => written.push(text));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < STDERR_BYTES) said += text;
  });
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
    signal.throwIfAborted();
    if (code === 0) return written.join('');
    const first = said.trim().split('\n').slice(0, LINES_SHOWN).join('\n');
    const text = first || `it ended by ${killedBy ?? `status ${code}`}`;
    throw new ProgramFailed(withoutSecret(text, run.secret));
  } finally {
    signal.removeEventListener('abort', abort);
    clearTimeout(patience);
  }
}
