// The passphrase of a vault, from where the configuration says it is. It is handed on as bytes, and stands in no file, log or error of
// ours. Part of the composition root (compose.ts).
import { failure, type ProgressListener } from '@stillpoint/core';
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { ResolvedPassphrase } from './config/index.ts';
import type { Passphrase } from './vault/index.ts';

const LONGEST_BYTES = 64 * 1024;
const COMMAND_TIMEOUT_MS = 60_000;

export interface PassphraseOptions {
  /** Of the process. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly progress: ProgressListener;
  /** A minute unless told: somebody may have to type. */
  readonly timeoutMs?: number;
}

/** Rejects with VAULT_KEY_UNREADABLE. */
export async function readPassphrase(
  from: ResolvedPassphrase,
  options: PassphraseOptions,
): Promise<Passphrase> {
  const [where, found] =
    'env' in from
      ? [`the variable ${from.env}`, fromVariable(options.variables, from.env)]
      : 'file' in from
        ? [from.file, await attempt(() => fromFile(from.file, options.progress))]
        : [from.command[0] ?? '', await attempt(() => fromCommand(from, options))];
  if (typeof found === 'string') throw failure('VAULT_KEY_UNREADABLE', { where, reason: found });
  return found;
}

/** The bytes; or, as text, why they cannot be had. */
type Found = Passphrase | string;

async function attempt(read: () => Promise<Found>): Promise<Found> {
  try {
    return await read();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'it cannot be read';
  }
}

function fromVariable(variables: PassphraseOptions['variables'], name: string): Found {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  return value === undefined || value === '' ? 'it is not set' : Buffer.from(value, 'utf8');
}

async function fromFile(file: string, progress: ProgressListener): Promise<Found> {
  await using handle = await open(file, 'r');
  const stat = await handle.stat();
  if (!stat.isFile()) return 'it is no file';
  if (stat.size > LONGEST_BYTES) return `it is longer than ${LONGEST_BYTES} bytes`;
  if ((stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    const text = `Others may read the passphrase of the vault: ${file} has mode ${mode}. chmod 600 makes it yours alone.`;
    progress({ type: 'note:said', level: 'warn', text });
  }
  const content = await handle.readFile();
  // Editors end a file with a line end, and so does openssl; whoever types the same into a variable does not.
  const [end] = /\r?\n$/.exec(content.subarray(-2).toString('latin1')) ?? [''];
  return content.subarray(0, content.length - end.length);
}

async function fromCommand(
  { command, directory }: Extract<ResolvedPassphrase, { command: readonly string[] }>,
  { variables, timeoutMs = COMMAND_TIMEOUT_MS }: PassphraseOptions,
): Promise<Found> {
  const [program = '', ...args] = command;
  // What it asks it asks on the terminal; the input of ours may be somebody's data.
  const child = spawn(program, args, {
    cwd: directory,
    env: variables,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= LONGEST_BYTES) said.push(piece);
  });
  const ended = Promise.withResolvers<Found>();
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    // What it started may hold the other end of the pipe for ever.
    child.stdout.destroy();
    ended.resolve(`it did not end within ${timeoutMs / 1000} seconds`);
  }, timeoutMs);
  child.on('error', (error: NodeJS.ErrnoException) => ended.resolve(error.code ?? 'no program'));
  child.on('close', (status, signal) => {
    if (status !== 0) ended.resolve(`it ended with ${signal ?? `exit status ${status}`}`);
    else if (bytes > LONGEST_BYTES) ended.resolve(`it said more than ${LONGEST_BYTES} bytes`);
    else ended.resolve(firstLine(Buffer.concat(said)));
  });
  try {
    return await ended.promise;
  } finally {
    clearTimeout(timer);
  }
}

function firstLine(said: Buffer): Found {
  const end = said.indexOf('\n');
  const line = end < 0 ? said : said.subarray(0, end);
  const bare = line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
  return bare.length === 0 ? 'it said nothing' : bare;
}
