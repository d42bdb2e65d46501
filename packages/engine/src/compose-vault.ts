// The vault of a project: which store it lies in, and whether it is the one that the project has always used. Part of the
// composition root (compose.ts).
import { failure, isFailure, type Clock } from '@stillpoint/core';
import path from 'node:path';
import type { ResolvedPlace, ResolvedVault } from './config/index.ts';
import type { ProjectState } from './project/index.ts';
import {
  createDirectoryStore,
  createReadonlyStore,
  createRetryingStore,
  createS3Store,
  createVault,
  isS3Address,
  openVault,
  parseS3Address,
  type Store,
  type Vault,
} from './vault/index.ts';

export function createStore(place: ResolvedPlace): Store {
  if (place.kind === 'directory') return createDirectoryStore(place.directory);
  return createRetryingStore(createS3Store(parseS3Address(place.url)));
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

/**
 * A project that has never used a vault begins one; a project that has must find that one again. Throws VAULT_ELSEWHERE where a
 * restored configuration names another place than the one where it is.
 */
export async function openProjectVault(
  state: ProjectState,
  resolved: ResolvedVault,
  clock: Clock,
): Promise<Vault> {
  const { place } = resolved;
  const where = placeText(place);
  const store = createStore(place);
  let vault: Vault;
  try {
    vault = await openVault(store);
  } catch (error) {
    if (!isFailure(error, 'VAULT_MISSING')) throw error;
    if (state.vaultId !== undefined) {
      await refuseElsewhere(state, where);
      throw error;
    }
    refuseUnsaid(resolved);
    vault = await createVault(store, { clock });
  }
  if (state.vaultId !== undefined && state.vaultId !== vault.id) {
    await vault[Symbol.asyncDispose]();
    await refuseElsewhere(state, where);
    throw failure('VAULT_OTHER', { where, found: vault.id, expected: state.vaultId });
  }
  if (state.vaultPlace !== where) await state.rememberVault(vault.id, where);
  return vault;
}

/** What leaves the machine is encrypted, unless somebody says that it need not be. */
function refuseUnsaid({ place, encryption }: ResolvedVault): void {
  if (place.kind !== 's3' || encryption !== undefined) return;
  throw failure('VAULT_ENCRYPTION_REQUIRED', { vault: place.url });
}

/** Only looks. undefined: there is none yet, and none is missed. */
export async function findProjectVault(
  state: ProjectState,
  { place }: ResolvedVault,
): Promise<Vault | undefined> {
  let vault: Vault;
  try {
    vault = await openVault(createReadonlyStore(createStore(place)));
  } catch (error) {
    if (isFailure(error, 'VAULT_MISSING') && state.vaultId === undefined) return undefined;
    throw error;
  }
  if (state.vaultId === undefined || state.vaultId === vault.id) return vault;
  const { id } = vault;
  await vault[Symbol.asyncDispose]();
  throw failure('VAULT_OTHER', { where: placeText(place), found: id, expected: state.vaultId });
}

async function refuseElsewhere(
  { vaultId, vaultPlace }: ProjectState,
  where: string,
): Promise<void> {
  if (vaultPlace === undefined || vaultPlace === where) return;
  const place = placeOf(vaultPlace);
  if (place === undefined) return;
  try {
    await using vault = await openVault(createStore(place));
    if (vault.id !== vaultId) return;
  } catch {
    return;
  }
  throw failure('VAULT_ELSEWHERE', { where, place: vaultPlace });
}
