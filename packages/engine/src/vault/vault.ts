// Opening and making a vault, and the vault itself: everything of a project goes through one of these.
import { digestHex, failure, systemClock, type Clock } from '@stillpoint/core';
import { openKeys, type VaultKeys } from './crypto/keys.ts';
import { createKeyring } from './crypto/keyring.ts';
import type { Passphrase } from './crypto/key-slot.ts';
import { damagedSlots, unlock } from './crypto/key-slots.ts';
import { openWhole, sealWhole } from './crypto/sealed-object.ts';
import { createChunkOpener } from './read/chunk-opener.ts';
import { createChunkReader } from './read/chunk-reader.ts';
import type { Keyring, Store, Vault } from './contract.ts';
import { beginVault, describeVault, type BegunVault, type NewEncryption } from './describe.ts';
import type { VaultDescription } from './format/description.ts';
import { forgetSnapshot, holdSnapshot, listHolds } from './upkeep/holds.ts';
import type { IndexCache } from './read/index-cache.ts';
import { createIndexLoader } from './read/index-loader.ts';
import { holdKey } from './format/layout.ts';
import { listManifests, readManifest } from './upkeep/manifests.ts';
import { createPackReader } from './read/pack-reader.ts';
import { createSession } from './write/session.ts';
import { createWorkers } from './write/workers.ts';
import { readChunks } from './read/stream-reader.ts';
import { defaultTuning, type Tuning } from './tuning.ts';
import { pruneVault } from './upkeep/prune.ts';
import { endSession, listSessions } from './upkeep/sessions.ts';
import { openWriterGuard } from './upkeep/writer-guard.ts';
import { verifyStreams } from './upkeep/verify.ts';
import { repairVault } from './upkeep/repair.ts';
import { surveyVault } from './upkeep/stats.ts';
import { sampleChecks } from './upkeep/verify-packs.ts';
import { walkChunks } from './upkeep/walk-chunks.ts';

export interface VaultOptions {
  /** Needed if the vault is encrypted, refused if it is not. */
  readonly passphrase?: Passphrase;
  /** For a store that is far away. */
  readonly indexCache?: IndexCache;
  /** For tests. */
  readonly tuning?: Partial<Tuning>;
  readonly clock?: Clock;
}

export interface CreateVaultOptions extends Omit<VaultOptions, 'passphrase'> {
  /** Of a new vault; one that is there must be the same. 'none' unless told. */
  readonly encryption?: NewEncryption;
}

/** Opens the vault; makes it if the store is empty. The store is closed with the vault. */
export async function createVault(store: Store, options: CreateVaultOptions = {}): Promise<Vault> {
  const { encryption = 'none', clock = systemClock, tuning, indexCache } = options;
  const begun = await beginVault(store, encryption, clock);
  const opening: VaultOptions = {
    ...(encryption === 'none' ? {} : { passphrase: encryption.passphrase }),
    ...(tuning === undefined ? {} : { tuning }),
    ...(indexCache === undefined ? {} : { indexCache }),
    clock,
  };
  return await openVault(store, opening, begun);
}

/**
 * VAULT_MISSING, VAULT_TOO_NEW, VAULT_DAMAGED, and what its keys are refused for (VAULT_KEY_WRONG and the like). The store is
 * closed with the vault. `begun`: by the caller, just now.
 */
export async function openVault(
  store: Store,
  options: VaultOptions = {},
  begun?: BegunVault,
): Promise<Vault> {
  const description = await describeVault(store);
  const { id } = description;
  const { clock = systemClock } = options;
  const tuning: Tuning = { ...defaultTuning, ...options.tuning };
  const end = new AbortController();
  const signal = end.signal;
  const { keys, keyring } = await openKeyring(store, description, options.passphrase, begun);
  const loader = createIndexLoader({ store, keys, signal, cache: options.indexCache });
  const { blockBytes, blocksKept } = tuning;
  const packs = createPackReader({ store, blockBytes, blocksKept, signal });
  const workers = createWorkers();
  const opener = createChunkOpener(keys, workers);
  const chunks = createChunkReader({ loader, packs, opener });

  /** A store makes what is missing, so a vault whose disk is unmounted would quietly begin again below the mount point. */
  const ensureThere = async (): Promise<void> => {
    if ((await describeVault(store)).id === id) return;
    const reason = 'another vault has taken its place';
    throw failure('VAULT_DAMAGED', { vault: store.description, reason });
  };

  const openSession: Vault['openSession'] = async (sessionOptions) => {
    sessionOptions.signal.throwIfAborted();
    await ensureThere();
    await store.ensureWritable();
    const both = AbortSignal.any([sessionOptions.signal, signal]);
    const guard = await openWriterGuard({ store, keys, chunks, clock, signal: both });
    try {
      await loader.refresh();
    } catch (error) {
      await guard.end();
      throw error;
    }
    return createSession({
      store,
      keys,
      index: loader.index,
      chunks,
      workers,
      tuning,
      ensureThere,
      guard: { ...guard, doomed: guard.doomed.union(sessionOptions.absent ?? new Set()) },
      signal: both,
    });
  };

  return {
    id,
    description: store.description,
    encryption: description.encryption,
    ...(keyring === undefined ? {} : { keyring }),

    openSession,
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
    async verify(refs, verifyOptions) {
      const slots = keyring === undefined ? [] : await damagedSlots(store, id);
      const report = await verifyStreams({ store, keys, loader, chunks }, refs, verifyOptions);
      return { ...report, damages: [...slots, ...report.damages] };
    },
    checkPacks: (checkOptions) => sampleChecks({ store, keys }, checkOptions),
    survey: () => surveyVault(store, loader),
    async repair(repairOptions) {
      await ensureThere();
      return await repairVault({ store, keys, loader, openSession }, repairOptions);
    },
    chunksOf: (ref) => walkChunks(chunks, ref),
    readChunk: (digest) => chunks.read(digestHex(digest)),
    sealLocal: (plain) => sealWhole(keys, 'SPLOCAL1', plain),
    openLocal: (stored) => openWhole(keys, 'SPLOCAL1', stored),
    async prune(pruneOptions) {
      await ensureThere();
      if (!pruneOptions.dryRun) await store.ensureWritable();
      return await pruneVault({ store, keys, loader, chunks, openSession }, pruneOptions);
    },
    sessions: () => listSessions(store),
    endSession: (session) => endSession(store, session),
    freeBytes: () => store.freeBytes(),

    async [Symbol.asyncDispose]() {
      end.abort(new Error('the vault is closed'));
      await workers[Symbol.asyncDispose]();
      await store.close();
    },
  };
}

/** Rejects with VAULT_ENCRYPTION_DIFFERS, VAULT_KEY_NEEDED, VAULT_KEY_WRONG, VAULT_KEY_LOST, VAULT_KEY_SHORT. */
async function openKeyring(
  store: Store,
  { id, encryption }: VaultDescription,
  passphrase: Passphrase | undefined,
  begun: BegunVault | undefined,
): Promise<{ readonly keys: VaultKeys; readonly keyring?: Keyring }> {
  const vault = store.description;
  if (encryption === 'none') {
    // Who gives a passphrase believes that it protects something.
    if (passphrase !== undefined) throw failure('VAULT_ENCRYPTION_DIFFERS', { vault });
    return { keys: openKeys(id) };
  }
  if (passphrase === undefined) throw failure('VAULT_KEY_NEEDED', { vault });
  const { keys, slot } = begun?.id === id ? begun : await unlock(store, id, passphrase);
  return { keys, keyring: createKeyring(store, { vault: id, keys, opened: slot }) };
}
