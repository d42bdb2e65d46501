// A restore where nothing is: from a vault that is known by its place, without a project. The configuration is the one that the snapshot
// holds. Where it cannot be read alone, for it imports code or its addresses stand in files beside it, the code is brought into a
// private directory first. Then it is a restore into an empty directory like any other (restore-elsewhere.ts).
import { failure, isFailure, type ProgressListener } from '@stillpoint/core';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { RestoreResult } from './api.ts';
import { openAt } from './compose-care.ts';
import { openCatalogue } from './compose-catalogue.ts';
import type { EngineEnvironment } from './compose.ts';
import { loadConfig, type ResolvedConfig, type ResolvedVault } from './config/index.ts';
import { emptyDirectory, restoreElsewhere } from './restore-elsewhere.ts';
import type { Catalogue, Sealed } from './snapshot/index.ts';
import type { Vault } from './vault/index.ts';

export interface RestoreFromOptions {
  readonly vault: ResolvedVault;
  readonly ref: string;
  /** Empty, or not there yet; absolute. */
  readonly into: string;
  /** The module that `import ... from 'stillpoint'` means in a configuration. */
  readonly stillpointModule?: string;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface RestoredFrom {
  readonly restored: RestoreResult;
  readonly config: ResolvedConfig;
}

/**
 * TARGET_NOT_EMPTY, SNAPSHOT_WITHOUT_CONFIG, LATEST_OF_WHICH, and what opening a vault, resolveRef(), loadConfig() and a restore reject
 * with.
 */
export async function restoreFrom(
  environment: EngineEnvironment,
  options: RestoreFromOptions,
): Promise<RestoredFrom> {
  const { signal, progress, vault: shared } = options;
  const into = await emptyDirectory(options.into);
  await using cleanup = new AsyncDisposableStack();
  const vault = cleanup.use(await openAt(shared, environment, { readonly: true }));
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-from-'));
  cleanup.defer(() => rm(scratch, { recursive: true, force: true }));
  const target = await findTarget(openCatalogue(vault, { cacheDirectory: scratch }), options);
  const work = { ...options, into, vault, shared, target, scratch, environment };
  const { config, directory } = await readConfig(work);
  const { id } = target.manifest.project;
  const original = { config: { ...config, vault: shared }, id, vault, shared, directory };
  const restoring = { target, into, signal, progress };
  const restored = await restoreElsewhere(original, environment, restoring);
  return { restored, config };
}

/** What `latest` means must be beyond doubt: no project is there to say whose. */
async function findTarget(
  catalogue: Catalogue,
  { ref, signal }: RestoreFromOptions,
): Promise<Sealed> {
  const { sealed } = await catalogue.list(signal);
  const newest = new Map(
    sealed
      .filter(({ manifest }) => manifest.kind === 'snapshot')
      .map(({ manifest }) => [manifest.project.id, manifest]),
  );
  const [only] = newest.keys();
  if (newest.size > 1 && /^latest(~|$)/.test(ref)) {
    const described = [...newest.values()].map(
      ({ id, project }) => `${id} (the newest of ${project.directory})`,
    );
    throw failure('LATEST_OF_WHICH', { ref, candidates: described.join(', ') });
  }
  return await catalogue.find(ref, only ?? '', signal);
}

interface Work extends Omit<RestoreFromOptions, 'vault'> {
  readonly vault: Vault;
  readonly shared: ResolvedVault;
  readonly target: Sealed;
  readonly scratch: string;
  readonly environment: EngineEnvironment;
}

interface Found {
  readonly config: ResolvedConfig;
  /** Where it was read. */
  readonly directory: string;
}

async function readConfig(work: Work): Promise<Found> {
  const { vault, target, scratch, signal } = work;
  const { config: captured, id } = target.manifest;
  if (captured === null) throw failure('SNAPSHOT_WITHOUT_CONFIG', { id });
  const alone = path.join(scratch, 'alone');
  await mkdir(alone);
  const content = await vault.within(signal).readBytes(captured.content);
  await writeFile(path.join(alone, captured.file), content);
  const hasCode = target.manifest.sources.some(
    ({ name, driver }) => name === '.' && driver === 'git',
  );
  try {
    const config = await load(path.join(alone, captured.file), work);
    const needsFiles = config.sources.some(({ driver }) => driver === 'postgres-url');
    if (!needsFiles || !hasCode) return { config, directory: alone };
  } catch (error) {
    if (!hasCode || !isFailure(error, 'CONFIG_UNREADABLE')) throw error;
  }
  const code = path.join(scratch, 'code');
  await bringCode(work, code);
  return { config: await load(path.join(code, captured.file), work), directory: code };
}

function load(file: string, { into, stillpointModule }: Work): Promise<ResolvedConfig> {
  return loadConfig(file, {
    missingMembers: 'keep',
    projectDirectory: into,
    ...(stillpointModule === undefined ? {} : { stillpointModule }),
  });
}

/** The repository that lies where the configuration does. */
async function bringCode(work: Work, directory: string): Promise<void> {
  const { vault, shared, target, environment, signal, progress } = work;
  const config: ResolvedConfig = {
    projectDirectory: directory,
    members: [{ path: '.', include: [] }],
    sources: [],
    participants: [],
    freeze: { budgetMs: 1, lockKey: 0n },
    vault: shared,
  };
  const { id } = target.manifest.project;
  await restoreElsewhere({ config, id, vault, shared, directory }, environment, {
    target,
    into: directory,
    only: ['.'],
    signal,
    progress,
  });
}
