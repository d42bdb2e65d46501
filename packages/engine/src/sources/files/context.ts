// What the parts of this room know of the directory they work for, and what one step of a restore leaves for the next in the
// same process.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { failure, type Clock } from '@stillpoint/core';
import {
  createBreather,
  nameOfText,
  openStatCache,
  targetBehindLink,
  type ByteName,
  type StatCache,
} from '../../file-tree/index.ts';
import { createExclusions, type Exclusions } from './exclusions.ts';
import type { ListedEntry } from './record.ts';
import { walkTree, type EntryStat, type LiveTree } from './walk.ts';

export interface FilesDriverOptions {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  /** The project it lies in, absolute: the way from there may not lead through links. Left out: not looked at. */
  readonly projectDirectory?: string;
  /** Globs relative to `directory`. */
  readonly exclude: readonly string[];
  /** Absolute paths that others take care of: members, the vault. */
  readonly neverCaptured?: readonly string[];
  /** May vanish at any time. */
  readonly cacheDirectory: string;
  readonly clock: Clock;
}

export interface FilesContext {
  readonly source: string;
  readonly directory: string;
  readonly exclude: readonly string[];
  readonly clock: Clock;
  /** What this configuration leaves out, and what `also` names. */
  exclusions(also?: readonly string[]): Exclusions;
  openCache(): Promise<StatCache>;
  walk(exclusions: Exclusions, signal?: AbortSignal): Promise<LiveTree>;
  exists(): Promise<boolean>;
  /** Throws FILES_MISSING and FILES_BEHIND_LINK. */
  check(): Promise<void>;
  /** Throws FILES_BEHIND_LINK, also where there is no directory yet. */
  refuseWay(): Promise<void>;
  /** The restore has ended. */
  forget(): void;
  /** Set by prepare(): what the way back need not keep at hand, for the way there does not touch it. */
  prepared: { readonly staged: string; readonly listing: readonly ListedEntry[] } | undefined;
  /** Set by capture(): what the live files were when the record with this listing was marked. */
  marked:
    | { readonly listing: string; readonly stats: ReadonlyMap<ByteName, EntryStat> }
    | undefined;
}

export function createFilesContext(options: FilesDriverOptions): FilesContext {
  const { name: source, directory, projectDirectory } = options;
  const others = (options.neverCaptured ?? []).flatMap((place) => {
    const relative = path.relative(directory, place);
    return relative === '' || relative.startsWith('..') ? [] : [nameOfText(relative)];
  });
  const exists = async () => (await statOrNothing(directory))?.isDirectory() === true;
  const refuseWay = async () => {
    if (projectDirectory === undefined) return;
    const target = await targetBehindLink(directory, projectDirectory);
    if (target !== undefined) throw failure('FILES_BEHIND_LINK', { source, directory, target });
  };
  const context: FilesContext = {
    source,
    directory,
    exclude: options.exclude,
    clock: options.clock,
    prepared: undefined,
    marked: undefined,
    exclusions: (also = []) => createExclusions([...options.exclude, ...also], others),
    openCache: () => openStatCache(path.join(options.cacheDirectory, 'stats.cache'), directory),
    walk: (exclusions, signal) =>
      walkTree({ source, directory, exclusions, breathe: createBreather(signal) }),
    exists,
    async check() {
      if (!(await exists())) throw failure('FILES_MISSING', { source, directory });
      await refuseWay();
    },
    refuseWay,
    forget() {
      context.prepared = undefined;
      context.marked = undefined;
    },
  };
  return context;
}

async function statOrNothing(place: string) {
  return await stat(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
