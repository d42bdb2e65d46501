// `.stillpoint/`, beside the config file: who this project is and what is under way. It ignores itself for git, so that it
// never shows in anybody's `git status`. Losing it loses no snapshot as long as the vault lies elsewhere.
//   project.json        id, directory, a vault that overrides the config's (a project restored elsewhere)
//   stillpoint.lock     lockfile of the snapshot that was taken or restored last
//   undo.json           the undo point of the last restore
//   broken-seal.json    there while sources come from different snapshots (restore --only)
//   lease.db            who works here now (catalog/lease.ts)
//   journal/            a restore under way; resumes that are due
//   cache/              may vanish at any time
//   work/               what a restore prepares
import { mkdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import {
  failure,
  makeDirectory,
  newUuid,
  removeFileDurable,
  writeFileAtomic,
  type Clock,
  type SnapshotId,
} from '@stillpoint/core';
import type { ResolvedVault } from '../config/index.ts';

export interface ProjectState {
  readonly id: string;
  readonly projectDirectory: string;
  readonly directory: string;
  readonly leaseFile: string;
  readonly journalFile: string;
  readonly resumesDirectory: string;
  readonly cacheDirectory: string;
  readonly workDirectory: string;
  readonly lockfile: string;
  /** Overrides the config's vault. */
  readonly vault: ResolvedVault | undefined;
  /** The project that this one was restored from, into another directory: what is unique on a machine (a port) is that one's. */
  readonly copyOf: string | undefined;
  /** The vault that this project has used; another one in its place is a mistake, not an empty beginning. */
  readonly vaultId: string | undefined;
  /** Where it was found last; a configuration that was restored may name an earlier place. */
  readonly vaultPlace: string | undefined;
  rememberVault(id: string, place: string): Promise<void>;
  readUndo(): Promise<UndoPoint | undefined>;
  writeUndo(point: UndoPoint): Promise<void>;
  /** The undo point was forgotten. */
  clearUndo(): Promise<void>;
  readBrokenSeal(): Promise<BrokenSeal | undefined>;
  writeBrokenSeal(seal: BrokenSeal): Promise<void>;
  /** Everything is of one moment again, or somebody accepted the mix. */
  clearBrokenSeal(): Promise<void>;
}

export interface UndoPoint {
  /** The snapshot of what was replaced. */
  readonly undo: SnapshotId;
  /** The snapshot that replaced it. */
  readonly restored: SnapshotId;
  /** What a whole restore left as it was. Undo leaves it again where the configuration that came back does not name it. */
  readonly stayed?: readonly string[];
}

/** Some sources, restored without the others. */
export interface SealPart {
  /** Where these sources came from. */
  readonly snapshot: SnapshotId;
  readonly sources: readonly string[];
  /** ISO 8601, UTC. */
  readonly at: string;
  /** What stayed as it was then; left out: an earlier version did not write it. */
  readonly stayed?: readonly string[];
}

/** What is there is not of one moment: the last part that was restored, and those before it that are still there. */
export interface BrokenSeal {
  /** Where these sources came from. */
  readonly snapshot: SnapshotId;
  readonly sources: readonly string[];
  /** ISO 8601, UTC. */
  readonly at: string;
  /** What stayed as it was then; left out: an earlier version did not write it. */
  readonly stayed?: readonly string[];
  /** Oldest first, and those of which the snapshot itself was put together; left out: none. */
  readonly earlier?: readonly SealPart[];
}

/** Every part of a mix, oldest first. */
export function partsOf({ earlier = [], ...last }: BrokenSeal): readonly SealPart[] {
  return [...earlier, last];
}

interface ProjectFile {
  readonly format: 1;
  readonly id: string;
  readonly directory: string;
  readonly createdAt: string;
  readonly vault?: ResolvedVault;
  readonly vaultId?: string;
  readonly vaultPlace?: string;
  readonly copyOf?: string;
}

export interface OpenProjectOptions {
  readonly projectDirectory: string;
  readonly clock: Clock;
  /** Only for a project that is restored from another: the vault they share, whatever its config says. */
  readonly copy?: { readonly of: string; readonly vault: ResolvedVault };
}

export async function openProjectState(options: OpenProjectOptions): Promise<ProjectState> {
  const projectDirectory = await realpath(options.projectDirectory);
  const directory = path.join(projectDirectory, '.stillpoint');
  await makeDirectories(directory);
  const projectFile = path.join(directory, 'project.json');
  const project = await readOrCreate(projectFile, projectDirectory, options);
  return stateOf(project, directory);
}

/**
 * Only looks: makes nothing, and moves nothing over. undefined: no command has worked here yet. Rejects with PROJECT_COPIED,
 * STATE_UNREADABLE.
 */
export async function findProjectState(
  projectDirectory: string,
): Promise<{ readonly state: ProjectState; readonly format: number } | undefined> {
  const directory = path.join(projectDirectory, '.stillpoint');
  const file = path.join(directory, 'project.json');
  const found = await readJson<ProjectFile>(file);
  if (found === undefined) return undefined;
  if (found.directory !== projectDirectory) await refuseCopy(file, found, projectDirectory);
  return {
    state: stateOf({ ...found, directory: projectDirectory }, directory),
    format: found.format,
  };
}

/** Of a project that no command has worked in: what a command would begin with, with its files in `directory`. */
export function imagineProjectState(projectDirectory: string, directory: string): ProjectState {
  const createdAt = new Date(0).toISOString();
  return stateOf({ format: 1, id: newUuid(), directory: projectDirectory, createdAt }, directory);
}

function stateOf(project: ProjectFile, directory: string): ProjectState {
  const projectDirectory = project.directory;
  const projectFile = path.join(directory, 'project.json');
  const undoFile = path.join(directory, 'undo.json');
  const brokenSealFile = path.join(directory, 'broken-seal.json');
  return {
    id: project.id,
    projectDirectory,
    directory,
    leaseFile: path.join(directory, 'lease.db'),
    journalFile: path.join(directory, 'journal', 'restore.jsonl'),
    resumesDirectory: path.join(directory, 'journal', 'resumes'),
    cacheDirectory: path.join(directory, 'cache'),
    workDirectory: path.join(directory, 'work'),
    lockfile: path.join(directory, 'stillpoint.lock'),
    vault: project.vault,
    copyOf: project.copyOf,
    vaultId: project.vaultId,
    vaultPlace: project.vaultPlace,
    rememberVault: (vaultId, vaultPlace) =>
      writeProject(projectFile, { ...project, vaultId, vaultPlace }),
    readUndo: () => readJson<UndoPoint>(undoFile),
    writeUndo: (point) => writeFileAtomic(undoFile, `${JSON.stringify(point)}\n`),
    clearUndo: () => removeFileDurable(undoFile),
    readBrokenSeal: () => readJson<BrokenSeal>(brokenSealFile),
    writeBrokenSeal: (seal) => writeFileAtomic(brokenSealFile, `${JSON.stringify(seal)}\n`),
    clearBrokenSeal: () => removeFileDurable(brokenSealFile),
  };
}

async function makeDirectories(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
    await mkdir(path.join(directory, 'journal', 'resumes'), { recursive: true, mode: 0o700 });
    await makeDirectory(path.join(directory, 'cache'));
    await makeDirectory(path.join(directory, 'work'));
    const ignore = path.join(directory, '.gitignore');
    if ((await readFile(ignore).catch(() => undefined)) === undefined) {
      await writeFileAtomic(ignore, '*\n', { mode: 0o600 });
    }
  } catch (error) {
    throw failure('PROJECT_NOT_WRITABLE', { directory }, error);
  }
}

async function readOrCreate(
  file: string,
  projectDirectory: string,
  options: OpenProjectOptions,
): Promise<ProjectFile> {
  const found = await readJson<ProjectFile>(file);
  if (found === undefined) {
    const fresh: ProjectFile = {
      format: 1,
      id: newUuid(),
      directory: projectDirectory,
      createdAt: options.clock.now().toISOString(),
      ...(options.copy === undefined ? {} : { vault: options.copy.vault, copyOf: options.copy.of }),
    };
    await writeProject(file, fresh);
    return fresh;
  }
  return found.directory === projectDirectory ? found : adopt(file, found, projectDirectory);
}

/**
 * The directory is not where the project was made. Moved: it keeps its identity. Copied: two directories would share one
 * database and one undo point, so the copy is refused until somebody says which is which.
 */
async function adopt(file: string, found: ProjectFile, directory: string): Promise<ProjectFile> {
  await refuseCopy(file, found, directory);
  const moved = { ...found, directory };
  await writeProject(file, moved);
  return moved;
}

async function refuseCopy(file: string, found: ProjectFile, directory: string): Promise<void> {
  const original = await readJson<ProjectFile>(
    path.join(found.directory, '.stillpoint', 'project.json'),
  );
  if (original?.id === found.id) {
    throw failure('PROJECT_COPIED', { directory, original: found.directory, file });
  }
}

function writeProject(file: string, project: ProjectFile): Promise<void> {
  return writeFileAtomic(file, `${JSON.stringify(project, undefined, 2)}\n`);
}

async function readJson<T>(file: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw failure('STATE_UNREADABLE', { file }, error);
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw failure('STATE_UNREADABLE', { file }, error);
  }
}
