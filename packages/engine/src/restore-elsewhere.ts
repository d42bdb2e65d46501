// A restore into an empty directory: a new project with its own database, beside the one it came from. It shares the vault and
// nothing else. The configuration is written first, so that a restore that died is found and ended from there.
import { existsSync } from 'node:fs';
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { failure, writeFileAtomic, type ProgressListener } from '@stillpoint/core';
import type { RestoreResult } from './api.ts';
import { acquireLease } from './catalog/index.ts';
import { compose, type EngineEnvironment } from './compose.ts';
import {
  readAddress,
  type ResolvedConfig,
  type ResolvedSource,
  type ResolvedVault,
} from './config/index.ts';
import { restoreInPlace } from './restore/index.ts';
import { placedAsCaptured, type Sealed } from './snapshot/index.ts';
import type { Vault } from './vault/index.ts';

/** What the new project is made of. */
export interface Original {
  /** Complete, as the rest of the engine sees it. */
  readonly config: ResolvedConfig;
  /** The project's id. */
  readonly id: string;
  readonly vault: Vault;
  /** The vault that both share. */
  readonly shared: ResolvedVault;
  /** Where the files with addresses are that the configuration names. */
  readonly directory: string;
}

export interface RestoreElsewhereOptions {
  readonly target: Sealed;
  readonly into: string;
  readonly only?: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** Throws TARGET_NOT_EMPTY, TARGET_UNUSABLE. */
export async function restoreElsewhere(
  original: Original,
  environment: EngineEnvironment,
  { target, into, only, signal, progress }: RestoreElsewhereOptions,
): Promise<RestoreResult> {
  const directory = await emptyDirectory(path.resolve(original.config.projectDirectory, into));
  const { configFile: _configFile, ...config } = original.config;
  // Refusals come before anything is written: what is left would stand in the way of the next try.
  const sources = await withAddresses(
    placedAsCaptured(capturedOf(config.sources, target), target.manifest),
    original,
    environment,
  );
  await claim(directory);
  const file = await writeConfig(original, { target, directory, signal }).catch(async (error) => {
    await rm(path.join(directory, STATE), { recursive: true, force: true });
    throw error;
  });
  const resolved = {
    ...config,
    projectDirectory: directory,
    ...(file === undefined ? {} : { configFile: file }),
    sources,
    participants: [],
  };
  await using composition = await compose(resolved, environment, {
    of: original.id,
    vault: original.shared,
    opened: original.vault,
  });
  const { context } = composition;
  await using _lease = await acquireLease({
    file: context.state.leaseFile,
    operation: `restore ${target.manifest.id}`,
    waitMs: 0,
    signal,
    clock: context.clock,
  });
  try {
    return await restoreInPlace(context, {
      target,
      ...(only === undefined ? {} : { only }),
      signal,
      progress,
    });
  } catch (error) {
    // Without a journal nothing goes on from here: the directory is given back as empty as it was.
    if (!existsSync(context.state.journalFile)) await composition.remove();
    throw error;
  }
}

const STATE = '.stillpoint';

/**
 * Of several that found the directory empty at the same time one goes on: another would restore into what the first has brought, or
 * empty it again when it fails. Throws TARGET_NOT_EMPTY.
 */
async function claim(directory: string): Promise<void> {
  try {
    await mkdir(path.join(directory, STATE), { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(directory, error);
    throw failure('TARGET_NOT_EMPTY', { directory }, error);
  }
}

/** Resolves to its path; undefined: the snapshot has none. */
async function writeConfig(
  { vault }: Original,
  {
    target,
    directory,
    signal,
  }: Pick<RestoreElsewhereOptions, 'target' | 'signal'> & { readonly directory: string },
): Promise<string | undefined> {
  const { config } = target.manifest;
  if (config === null) return undefined;
  const file = path.join(directory, config.file);
  const content = await vault.within(signal).readBytes(config.content);
  await writeFileAtomic(file, content, { mode: 0o644 });
  return file;
}

/** A database at an address is there already: what the snapshot lacks would be taken for a part of the new project. */
function capturedOf(
  sources: readonly ResolvedSource[],
  { manifest }: Sealed,
): readonly ResolvedSource[] {
  const names = new Set(manifest.sources.map(({ name }) => name));
  return sources.filter(({ name }) => names.has(name));
}

/** The copy's own .env comes only with the restore: until then the servers are where the project that it is made of has them. */
async function withAddresses(
  sources: readonly ResolvedSource[],
  { directory: projectDirectory }: Original,
  { variables = {} }: EngineEnvironment,
): Promise<readonly ResolvedSource[]> {
  return Promise.all(
    sources.map(async (source) => {
      if (source.driver !== 'postgres-url') return source;
      const place = { projectDirectory, variables, source: source.name };
      const { directUrl } = source;
      return {
        ...source,
        url: { url: await readAddress(source.url, place) },
        ...(directUrl === undefined
          ? {}
          : { directUrl: { url: await readAddress(directUrl, place) } }),
      };
    }),
  );
}

/** TARGET_NOT_EMPTY, TARGET_UNUSABLE. */
export async function emptyDirectory(directory: string): Promise<string> {
  const cannot = (error: unknown): never => {
    throw unusable(directory, error);
  };
  await mkdir(directory, { recursive: true }).catch(cannot);
  if ((await readdir(directory).catch(cannot)).length > 0) {
    throw failure('TARGET_NOT_EMPTY', { directory });
  }
  return realpath(directory);
}

function unusable(directory: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return failure('TARGET_UNUSABLE', { directory, reason: code ?? message }, error);
}
