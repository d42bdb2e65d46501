// The vault of a project: which store it lies in, and whether it is the one that the project has always used. Part of the
// composition root (compose.ts).
import { failure, isFailure, type Clock } from '@stillpoint/core';
import path from 'node:path';
import { readPassphrase, type PassphraseOptions } from './compose-passphrase.ts';
import type { ResolvedPlace, ResolvedVault } from './config/index.ts';
import type { ProjectState } from './project/index.ts';
import {
  createDirectoryStore,
  createIndexCache,
  createRateLimitedStore,
  createReadonlyStore,
  createRetryingStore,
  createS3Store,
  createVault,
  describeVault,
  isS3Address,
  openVault,
  parseS3Address,
  type Passphrase,
  type Store,
  type Vault,
  type VaultOptions,
} from './vault/index.ts';

export function createStore({ place, bytesPerSecond }: ResolvedVault): Store {
  const limited = (store: Store): Store =>
    bytesPerSecond === undefined ? store : createRateLimitedStore(store, { bytesPerSecond });
  if (place.kind === 'directory') return limited(createDirectoryStore(place.directory));
  return createRetryingStore(limited(createS3Store(parseS3Address(place.url))));
}

/** As people write it; the same text is the same place. */
export function placeText(place: ResolvedPlace): string {
  return place.kind === 'directory' ? place.directory : place.url;
}

/** What of the vault lies on this machine: no source may capture it. */
export function vaultDirectoryOf({ place }: ResolvedVault): string | undefined {
  return place.kind === 'directory' ? place.directory : undefined;
}

/** The other way round. undefined: a newer version wrote it. */
function placeOf(text: string): ResolvedPlace | undefined {
  if (isS3Address(text)) return { kind: 's3', url: text };
  return path.isAbsolute(text) ? { kind: 'directory', directory: text } : undefined;
}

export interface VaultSurroundings extends PassphraseOptions {
  readonly clock: Clock;
  /** That of another project, which may be the same. */
  readonly alike?: object;
}

/**
 * A project that has never used a vault begins one; a project that has must find that one again. Throws VAULT_ELSEWHERE where a
 * restored configuration names another place than the one where it is.
 */
export async function openProjectVault(
  state: ProjectState,
  resolved: ResolvedVault,
  surroundings: VaultSurroundings,
): Promise<Vault> {
  const where = placeText(resolved.place);
  await using cleanup = new AsyncDisposableStack();
  const store = cleanup.adopt(createStore(resolved), (opened) => opened.close());
  const found = await identify(store, state, where);
  if (found === undefined) refuseUnsaid(resolved);
  const encryption = await readEncryption(resolved, surroundings);
  const { clock, alike } = surroundings;
  const kept = rememberIndexes(resolved.place, path.join(state.cacheDirectory, 'index'));
  const vault =
    found === undefined
      ? await createVault(store, { clock, encryption, ...kept })
      : await openVault(store, {
          ...kept,
          ...(alike === undefined ? {} : { alike }),
          ...(encryption === 'none' ? {} : encryption),
        });
  if (state.vaultPlace !== where) await state.rememberVault(vault.id, where);
  cleanup.move();
  return vault;
}

/** Every command needs the indexes: what is far away is fetched once. */
export function rememberIndexes(
  place: ResolvedPlace,
  directory: string,
): Pick<VaultOptions, 'indexCache'> {
  return place.kind === 'directory' ? {} : { indexCache: createIndexCache(directory) };
}

/** Which vault it is, before anybody asks for its key; undefined: there is none, and none is missed. */
async function identify(
  store: Store,
  state: ProjectState,
  where: string,
): Promise<string | undefined> {
  const expected = state.vaultId;
  try {
    const { id } = await describeVault(store);
    if (expected === undefined || id === expected) return id;
    await refuseElsewhere(state, where);
    throw failure('VAULT_OTHER', { where, found: id, expected });
  } catch (error) {
    if (!isFailure(error, 'VAULT_MISSING')) throw error;
    if (expected === undefined) return undefined;
    await refuseElsewhere(state, where);
    throw error;
  }
}

/** Rejects with VAULT_KEY_UNREADABLE. */
export async function readEncryption(
  { encryption = 'none' }: ResolvedVault,
  options: PassphraseOptions,
): Promise<'none' | { readonly passphrase: Passphrase }> {
  if (encryption === 'none') return 'none';
  return { passphrase: await readPassphrase(encryption.passphrase, options) };
}

/** What leaves the machine is encrypted, unless somebody says that it need not be. */
function refuseUnsaid({ place, encryption }: ResolvedVault): void {
  if (place.kind !== 's3' || encryption !== undefined) return;
  throw failure('VAULT_ENCRYPTION_REQUIRED', { vault: place.url });
}

/** Only looks. undefined: there is none yet, and none is missed. */
export async function findProjectVault(
  state: ProjectState,
  resolved: ResolvedVault,
  options: PassphraseOptions,
): Promise<Vault | undefined> {
  await using cleanup = new AsyncDisposableStack();
  const store = createReadonlyStore(createStore(resolved));
  cleanup.defer(() => store.close());
  if ((await identify(store, state, placeText(resolved.place))) === undefined) return undefined;
  const encryption = await readEncryption(resolved, options);
  const vault = await openVault(store, encryption === 'none' ? {} : encryption);
  cleanup.move();
  return vault;
}

async function refuseElsewhere(
  { vaultId, vaultPlace }: ProjectState,
  where: string,
): Promise<void> {
  if (vaultPlace === undefined || vaultPlace === where) return;
  const place = placeOf(vaultPlace);
  if (place === undefined) return;
  const store = createStore({ place });
  try {
    if ((await describeVault(store)).id !== vaultId) return;
  } catch {
    return;
  } finally {
    await store.close();
  }
  throw failure('VAULT_ELSEWHERE', { where, place: vaultPlace });
}
