// The three that are measured, each as its manual says, encrypted, with its own idea of compression: ours, restic, borg. Each has a
// directory of its own for all that it keeps: what it stores, and what it remembers here to be faster the next time.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { installCommand } from '../command.ts';
import { run, type Place } from '../place.ts';
import { measureCommand, type Measured } from './measure-command.ts';

export type ToolName = 'stillpoint' | 'restic' | 'borg';

export interface Tool {
  readonly name: ToolName;
  /** Throws away what it has. */
  reset(): Promise<void>;
  /** Of the directory below the project. */
  backup(): Promise<Measured>;
  /** The newest, into a directory that is not there yet. The project's tree is below it, or what is given is. */
  restore(target: string): Promise<Measured>;
  /** Where `restore(target)` puts the directory. */
  restored(target: string): string;
  storedBytes(): Promise<number>;
}

export interface Subject {
  /** Holds the directory that is backed up. */
  readonly project: string;
  /** Its path in the project. */
  readonly content: string;
}

const passphrase = 'the passphrase of a benchmark that nobody keeps';

/** Those of the system that are missing. */
export async function missingTools(): Promise<string[]> {
  const wanted = [
    ['restic', 'restic', 'version'],
    ['borg', 'borgbackup', '--version'],
  ] as const;
  const found = await Promise.all(
    wanted.map(([program, , argument]) =>
      run(program, [argument]).then(
        () => true,
        () => false,
      ),
    ),
  );
  return wanted.filter((_, n) => found[n] !== true).map(([, packageName]) => packageName);
}

export async function openTools(place: Place, subject: Subject): Promise<readonly Tool[]> {
  return [
    await stillpoint(place, subject),
    peer(place, subject, 'restic', {
      env: (kept) => ({
        RESTIC_REPOSITORY: path.join(kept, 'repository'),
        RESTIC_CACHE_DIR: path.join(kept, 'cache'),
        RESTIC_PASSWORD: passphrase,
      }),
      init: ['init'],
      backup: ['backup', '--quiet', subject.content],
      restore: (target) => ['restore', '--quiet', 'latest', '--target', target],
      // It keeps the whole path of what was given by a relative one only from 0.17 on.
      restored: (target) => {
        const whole = path.join(target, subject.project, subject.content);
        return existsSync(whole) ? whole : path.join(target, subject.content);
      },
    }),
    peer(place, subject, 'borg', {
      env: (kept) => ({
        BORG_REPO: path.join(kept, 'repository'),
        BORG_BASE_DIR: path.join(kept, 'base'),
        BORG_PASSPHRASE: passphrase,
      }),
      init: ['init', '--encryption=repokey-blake2'],
      backup: ['create', '::{now:%Y%m%d%H%M%S%f}', subject.content],
      // The newest one; it extracts to where it is.
      restore: () => ['extract', '::LATEST'],
      restored: (target) => path.join(target, subject.content),
    }),
  ];
}

async function stillpoint(place: Place, { project, content }: Subject): Promise<Tool> {
  const kept = path.join(place.directory, 'stillpoint');
  const vault = path.join(kept, 'vault');
  const command = await installCommand(place);
  const key = path.join(place.directory, 'passphrase');
  await writeFile(key, passphrase, { mode: 0o600 });
  const written = {
    sources: { content: { driver: 'files', path: content } },
    vault: { url: vault, encryption: { passphrase: { file: key } } },
  };
  await writeFile(path.join(project, 'stillpoint.config.json'), JSON.stringify(written));
  // What Node makes of the program, as restic and borg have their executables; what is remembered of the vault lies in the project.
  const cache = path.join(place.directory, 'cache');
  await mkdir(cache, { mode: 0o700 });
  const env = { ...process.env, XDG_CACHE_HOME: cache };
  const measured = (args: readonly string[]): Promise<Measured> =>
    measureCommand(process.execPath, [command, '--quiet', ...args], {
      cwd: project,
      env,
      signal: place.signal,
    });
  const state = path.join(project, '.stillpoint');
  return {
    name: 'stillpoint',
    async reset() {
      await rm(kept, { recursive: true, force: true });
      await rm(state, { recursive: true, force: true });
      await mkdir(kept);
    },
    backup: () => measured(['snapshot']),
    restore: (target) => measured(['restore', 'latest', '--yes', '--into', target]),
    restored: (target) => path.join(target, content),
    storedBytes: async () => (await bytesIn(kept)) + (await bytesIn(state)),
  };
}

interface PeerCommands {
  readonly env: (kept: string) => Readonly<Record<string, string>>;
  readonly init: readonly string[];
  readonly backup: readonly string[];
  readonly restore: (target: string) => readonly string[];
  readonly restored: (target: string) => string;
}

function peer(
  place: Place,
  { project }: Subject,
  name: 'restic' | 'borg',
  commands: PeerCommands,
): Tool {
  const kept = path.join(place.directory, name);
  const { signal } = place;
  const env = { ...process.env, ...commands.env(kept) };
  return {
    name,
    async reset() {
      await rm(kept, { recursive: true, force: true });
      await mkdir(kept);
      await run(name, commands.init, { env, signal });
    },
    backup: () => measureCommand(name, commands.backup, { cwd: project, env, signal }),
    async restore(target) {
      await mkdir(target);
      const args = await latest(commands.restore(target), name, env);
      return await measureCommand(name, args, { cwd: target, env, signal });
    },
    restored: commands.restored,
    storedBytes: () => bytesIn(kept),
  };
}

/** Borg has no name for the newest one. */
async function latest(
  args: readonly string[],
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  if (!args.includes('::LATEST')) return args;
  const listed = await run(name, ['list', '--short', '--last', '1'], { env });
  return args.map((one) => (one === '::LATEST' ? `::${listed.trim()}` : one));
}

async function bytesIn(directory: string): Promise<number> {
  if (!existsSync(directory)) return 0;
  const listed = await run('du', ['--summarize', '--bytes', '--apparent-size', directory]);
  return Number.parseInt(listed, 10);
}
