// Opens vaults by their place, without a project: to copy, to mend, to begin one. Part of the composition root (compose.ts).
import { failure, isFailure, silent, systemClock } from '@stillpoint/core';
import path from 'node:path';
import { copyState, createVaultCare, type CopyState, type VaultCare } from './care/index.ts';
import type { EngineEnvironment } from './compose.ts';
import { referencesOf } from './compose-sources.ts';
import { createStore, placeText, readEncryption, rememberIndexes } from './compose-vault.ts';
import type { ResolvedPlace, ResolvedVault } from './config/index.ts';
import {
  createReadonlyStore,
  createVault,
  describeVault,
  isS3Address,
  openVault,
  parseS3Address,
  s3AddressText,
  validateStore,
  type StoreCheck,
  type Vault,
} from './vault/index.ts';

/** What a person names on a command line: a directory, relative to `directory`, or an s3:// address. */
export function readPlace(text: string, directory: string): ResolvedPlace {
  return isS3Address(text)
    ? { kind: 's3', url: s3AddressText(parseS3Address(text)) }
    : { kind: 'directory', directory: path.resolve(directory, text) };
}

export interface OpenVaultCareOptions {
  /** Begins the vault if there is none. Without it: VAULT_MISSING. */
  readonly create?: boolean;
  /** Nothing is written through it. */
  readonly readonly?: boolean;
}

/** Rejects with VAULT_MISSING, VAULT_ENCRYPTION_REQUIRED, and what opening a vault rejects with. */
export async function openVaultCare(
  resolved: ResolvedVault,
  environment: EngineEnvironment,
  options: OpenVaultCareOptions = {},
): Promise<VaultCare> {
  const clock = environment.clock ?? systemClock;
  const vault = await openAt(resolved, environment, options);
  return createVaultCare({
    vault,
    referencesOf,
    projectId: '',
    clock,
    close: async () => vault[Symbol.asyncDispose](),
  });
}

/** As openVaultCare(). */
export async function openAt(
  resolved: ResolvedVault,
  environment: EngineEnvironment,
  { create = false, readonly = false }: OpenVaultCareOptions,
): Promise<Vault> {
  await using cleanup = new AsyncDisposableStack();
  const plain = createStore(resolved);
  const store = readonly ? createReadonlyStore(plain) : plain;
  cleanup.defer(() => store.close());
  const isThere = await describeVault(store).catch((error: unknown) => {
    if (!create || !isFailure(error, 'VAULT_MISSING')) throw error;
  });
  if (isThere === undefined && resolved.place.kind === 's3' && resolved.encryption === undefined) {
    throw failure('VAULT_ENCRYPTION_REQUIRED', { vault: resolved.place.url });
  }
  const encryption = await readEncryption(resolved, {
    variables: environment.variables ?? {},
    progress: environment.progress ?? silent,
  });
  const clock = environment.clock ?? systemClock;
  const vault =
    isThere === undefined
      ? await createVault(store, { encryption, clock })
      : await openVault(store, {
          ...(encryption === 'none' ? {} : encryption),
          ...cacheFor(resolved, environment, isThere.id),
        });
  cleanup.move();
  return vault;
}

/** A directory for each vault: whoever reads one forgets the indexes that it has no more. */
function cacheFor(
  { place }: ResolvedVault,
  { cacheDirectory }: EngineEnvironment,
  id: string,
): ReturnType<typeof rememberIndexes> {
  if (cacheDirectory === undefined) return {};
  return rememberIndexes(place, path.join(cacheDirectory, id, 'index'));
}

/** How far each copy is behind. Nothing is written. */
export async function copyStates(
  vault: Vault,
  copies: readonly ResolvedVault[],
  environment: EngineEnvironment,
): Promise<readonly CopyState[]> {
  const states: CopyState[] = [];
  for (const copy of copies) {
    const open = async (): Promise<Vault | undefined> => {
      try {
        return await openAt(copy, environment, { readonly: true });
      } catch (error) {
        if (isFailure(error, 'VAULT_MISSING')) return undefined;
        throw error;
      }
    };
    states.push(await copyState(vault, placeText(copy.place), open));
  }
  return states;
}

/** Tries the law of stores at the place. What is there is neither read nor changed. */
export async function validatePlace(
  place: ResolvedPlace,
  options: { readonly signal: AbortSignal; readonly onCheck: (check: StoreCheck) => void },
): Promise<readonly StoreCheck[]> {
  const store = createStore({ place });
  try {
    return await validateStore(store, options);
  } finally {
    await store.close();
  }
}
