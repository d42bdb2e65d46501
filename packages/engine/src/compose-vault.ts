// The vault of a project: which store it lies in, and whether it is the one that the project has always used. Part of the
// composition root (compose.ts).
import { failure, isFailure, type Clock } from '@stillpoint/core';
import path from 'node:path';
import type { ResolvedPlace, ResolvedVault } from './config/index.ts';
import type { ProjectState } from './project/index.ts';
import {
  createDirectoryStore,
  createReadonlyStore,
  createVault,
  openVault,
  type Store,
  type Vault,
} from './vault/index.ts';

export function createStore(place: ResolvedPlace): Store {
  return createDirectoryStore(place.directory);
}

/** As people write it; the same text is the same place. */
export function placeText(place: ResolvedPlace): string {
  return place.directory;
}

/** The other way round. undefined: a newer version wrote it. */
function placeOf(text: string): ResolvedPlace | undefined {
  return path.isAbsolute(text) ? { kind: 'directory', directory: text } : undefined;
}

/**
 * A project that has never used a vault begins one; a project that has must find that one again. Throws VAULT_ELSEWHERE where a
 * restored configuration names another place than the one where it is.
 */
export async function openProjectVault(
  state: ProjectState,
  { place }: ResolvedVault,
  clock: Clock,
): Promise<Vault> {
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
