// The system user that runs Postgres when Stillpoint runs as root. Made when it is missing, with neither a
// home nor a shell; an existing user of that name is taken as it is, unless it is root itself.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { failure } from '@stillpoint/core';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** undefined: there is no such user. */
export function findUser(name: string): Owner | undefined {
  return findInPasswd(name) ?? findByTool(name);
}

export async function ensureUser(name: string): Promise<Owner> {
  const existing = findUser(name);
  if (existing !== undefined) return refuseRoot(name, existing);
  const args = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  args.push('--shell', '/usr/sbin/nologin', name);
  let cause: unknown;
  try {
    await run('useradd', args, { env: { PATH, LC_ALL: 'C' } });
  } catch (error) {
    // Another process may have made it between the look and the call: look again before complaining.
    cause = error;
  }
  const made = findUser(name);
  if (made !== undefined) return refuseRoot(name, made);
  const command = `useradd ${args.join(' ')}`;
  throw failure('POSTGRES_USER_FAILED', { user: name, reason: textOf(cause), command }, cause);
}

function refuseRoot(name: string, owner: Owner): Owner {
  if (owner.uid !== 0) return owner;
  const command = `userdel ${name}; useradd --system ${name}`;
  throw failure('POSTGRES_USER_FAILED', { user: name, reason: 'it has the uid of root', command });
}

function findInPasswd(name: string): Owner | undefined {
  let text: string;
  try {
    text = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return undefined;
  }
  const fields = text
    .split('\n')
    .map((line) => line.split(':'))
    .find((parts) => parts[0] === name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Users that come from a directory service stand in no file. */
function findByTool(name: string): Owner | undefined {
  const ask = (flag: string): number =>
    Number(
      execFileSync('id', [flag, name], { env: { PATH }, stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined;
  }
}

function textOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  return (stderr?.trim() || message || 'useradd left no such user').split('\n')[0] ?? '';
}
