// Opening and making a vault, and the vault itself: everything of a project goes through one of these.
// vault.json is the first and only object of a new vault, written if absent: of two that make one at the same time, both
// open the same. A store that holds anything else without it is never taken over.
import {
  canonicalBytes,
  digestHex,
  failure,
  isFailure,
  newUuid,
  systemClock,
  type Clock,
} from '@stillpoint/core';
import { openKeys } from './crypto/keys.ts';
import { openWhole, sealWhole } from './crypto/sealed-object.ts';
import { createChunkOpener } from './read/chunk-opener.ts';
import { createChunkReader } from './read/chunk-reader.ts';
import type { Store, Vault } from './contract.ts';
import { forgetSnapshot, holdSnapshot, listHolds } from './upkeep/holds.ts';
import { createIndexLoader } from './read/index-loader.ts';
import { FORMAT, holdKey, VAULT_KEY } from './format/layout.ts';
import { listManifests, readManifest } from './upkeep/manifests.ts';
import { createPackReader } from './read/pack-reader.ts';
import { createSession } from './write/session.ts';
import { readChunks } from './read/stream-reader.ts';
import { defaultTuning, type Tuning } from './tuning.ts';
import { verifyStreams } from './upkeep/verify.ts';
import { sampleChecks } from './upkeep/verify-packs.ts';
import { walkChunks } from './upkeep/walk-chunks.ts';

export interface VaultOptions {
  /** For tests. */
  readonly tuning?: Partial<Tuning>;
}

export interface CreateVaultOptions extends VaultOptions {
  readonly clock?: Clock;
}

/** Opens the vault; makes it if the store is empty. The store is closed with the vault. */
export async function createVault(store: Store, options: CreateVaultOptions = {}): Promise<Vault> {
  if ((await store.stat(VAULT_KEY)) === undefined) {
    if (!(await isEmpty(store))) throw notOurs(store);
    const createdAt = (options.clock ?? systemClock).now().toISOString();
    const description = { format: FORMAT, id: newUuid(), createdAt };
    try {
      await store.put(VAULT_KEY, canonicalBytes(description), { ifAbsent: true });
    } catch (error) {
      if (!isFailure(error, 'OBJECT_EXISTS')) throw error;
    }
  }
  return await openVault(store, options);
}

/** VAULT_MISSING, VAULT_TOO_NEW, VAULT_DAMAGED. The store is closed with the vault. */
export async function openVault(store: Store, options: VaultOptions = {}): Promise<Vault> {
  const { id } = await readDescription(store);
  const tuning: Tuning = { ...defaultTuning, ...options.tuning };
  const end = new AbortController();
  const signal = end.signal;
  const keys = openKeys(id);
  const loader = createIndexLoader({ store, keys, signal });
  const { blockBytes, blocksKept } = tuning;
  const packs = createPackReader({ store, blockBytes, blocksKept, signal });
  const opener = createChunkOpener(keys);
  const chunks = createChunkReader({ loader, packs, opener });

  /** A store makes what is missing, so a vault whose disk is unmounted would quietly begin again below the mount point. */
  const ensureThere = async (): Promise<void> => {
    if ((await readDescription(store)).id === id) return;
    const reason = 'another vault has taken its place';
    throw failure('VAULT_DAMAGED', { vault: store.description, reason });
  };

  return {
    id,
    description: store.description,

    async openSession(sessionOptions) {
      sessionOptions.signal.throwIfAborted();
      await ensureThere();
      await store.ensureWritable();
      await loader.refresh();
      const both = AbortSignal.any([sessionOptions.signal, signal]);
      return createSession({ store, keys, index: loader.index, chunks, tuning, ensureThere, signal: both });
    },

    readStream: (ref) => readChunks(chunks, ref, tuning.readAhead),

    async readBytes(ref) {
      const parts = await Array.fromAsync(readChunks(chunks, ref, tuning.readAhead));
      return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    },

    list: () => listManifests(store),
    readManifest: (entry) => readManifest({ store, keys }, entry, signal),
    holds: () => listHolds(store),
    async hold(entry, at) {
      await ensureThere();
      await holdSnapshot(store, entry, at);
    },
    release: (snapshot) => store.delete(holdKey(snapshot)),
    async forget(entry) {
      await ensureThere();
      await forgetSnapshot(store, entry);
    },
    verify: (refs, verifyOptions) =>
      verifyStreams({ store, keys, loader, chunks }, refs, verifyOptions),
    checkPacks: (checkOptions) => sampleChecks({ store, keys }, checkOptions),
    chunksOf: (ref) => walkChunks(chunks, ref),
    readChunk: (digest) => chunks.read(digestHex(digest)),
    sealLocal: (plain) => sealWhole(keys, 'SPLOCAL1', plain),
    openLocal: (stored) => openWhole(keys, 'SPLOCAL1', stored),
    freeBytes: () => store.freeBytes(),

    async [Symbol.asyncDispose]() {
      end.abort(new Error('the vault is closed'));
      await store.close();
    },
  };
}

async function readDescription(store: Store): Promise<{ readonly id: string }> {
  let content: Uint8Array;
  try {
    content = await store.get(VAULT_KEY);
  } catch (error) {
    if (!isFailure(error, 'OBJECT_MISSING')) throw error;
    if (!(await isEmpty(store))) throw notOurs(store);
    throw failure('VAULT_MISSING', { vault: store.description });
  }
  const { format, id } = parseDescription(content);
  if (typeof format === 'number' && format > FORMAT) {
    throw failure('VAULT_TOO_NEW', { vault: store.description, format, supported: FORMAT });
  }
  if (format !== FORMAT || typeof id !== 'string') {
    const reason = 'its vault.json is not one that Stillpoint wrote';
    throw failure('VAULT_DAMAGED', { vault: store.description, reason });
  }
  return { id };
}

function parseDescription(content: Uint8Array): {
  readonly format?: unknown;
  readonly id?: unknown;
} {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

async function isEmpty(store: Store): Promise<boolean> {
  for await (const _found of store.list('')) return false;
  return true;
}

function notOurs(store: Store): Error {
  const reason = 'there are files in it, but no vault.json';
  return failure('VAULT_DAMAGED', { vault: store.description, reason });
}
