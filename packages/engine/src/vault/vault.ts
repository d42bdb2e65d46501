// Opening and making a vault, and the vault itself: everything of a project goes through one of these.
import { digestHex, failure, systemClock, type Clock } from '@stillpoint/core';
import { openKeys as plainKeys, type VaultKeys } from './crypto/keys.ts';
import { createKeyring } from './crypto/keyring.ts';
import type { Passphrase } from './crypto/key-slot.ts';
import { damagedSlots, unlock } from './crypto/key-slots.ts';
import { openWhole, sealWhole } from './crypto/sealed-object.ts';
import { createChunkOpener } from './read/chunk-opener.ts';
import { createChunkReader } from './read/chunk-reader.ts';
import type { OpenSessionOptions, Store, Vault, VaultSession } from './contract.ts';
import { beginVault, describeVault, type BegunVault, type NewEncryption } from './describe.ts';
import type { VaultDescription } from './format/description.ts';
import { forgetSnapshot, holdSnapshot, listHolds } from './upkeep/holds.ts';
import type { IndexCache } from './read/index-cache.ts';
import { createIndexLoader } from './read/index-loader.ts';
import { untilAborted } from './flow.ts';
import { holdKey } from './format/layout.ts';
import { listManifests, readManifest } from './upkeep/manifests.ts';
import { createPackReader } from './read/pack-reader.ts';
import { createSession } from './write/session.ts';
import type { ChunkTarget } from './write/jobs.ts';
import { createWorkers } from './write/workers.ts';
import { readChunks } from './read/stream-reader.ts';
import { writeInto } from './read/stream-writer.ts';
import { createBoundStore } from './stores/bound.ts';
import { createMeasuredStore } from './stores/measured.ts';
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
  /** One that is open, perhaps the same: its keys are used then, for to find them out takes half a second. */
  readonly alike?: object;
  /** For a store that is far away. */
  readonly indexCache?: IndexCache;
  /** For tests. */
  readonly tuning?: Partial<Tuning>;
  readonly clock?: Clock;
  /** Ends the opening. */
  readonly signal?: AbortSignal;
}

const openedKeys = new WeakMap<object, BegunVault>();

export interface CreateVaultOptions extends Omit<VaultOptions, 'passphrase'> {
  /** Of a new vault; one that is there must be the same. 'none' unless told. */
  readonly encryption?: NewEncryption;
}

/** Opens the vault; makes it if the store is empty. The store is closed with the vault. */
export async function createVault(
  store: Store,
  { encryption = 'none', ...options }: CreateVaultOptions = {},
): Promise<Vault> {
  const { clock = systemClock, signal } = options;
  const measured = createMeasuredStore(store);
  const toBegin = signal === undefined ? measured : createBoundStore(measured, signal);
  const begun = await beginVault(toBegin, encryption, clock);
  const passphrase = encryption === 'none' ? {} : { passphrase: encryption.passphrase };
  return await openVault(store, { ...options, ...passphrase }, begun);
}

/**
 * VAULT_MISSING, VAULT_TOO_NEW, VAULT_DAMAGED, and what its keys are refused for (VAULT_KEY_WRONG and the like). The store is
 * closed with the vault. `begun`: by the caller, just now.
 */
export async function openVault(
  opened: Store,
  { clock = systemClock, signal: opening, ...options }: VaultOptions = {},
  begun?: BegunVault,
): Promise<Vault> {
  const tuning: Tuning = { ...defaultTuning, ...options.tuning };
  const end = new AbortController();
  const measured = createMeasuredStore(opened);
  const toOpen = createBoundStore(measured, opening ?? end.signal);
  const description = await describeVault(toOpen);
  const { id } = description;
  const known = begun ?? (options.alike && openedKeys.get(options.alike));
  const { keys, slot } = await openKeys(toOpen, description, options.passphrase, known);
  const store = createBoundStore(measured, end.signal);
  const keyring =
    slot === undefined ? undefined : createKeyring(store, { vault: id, keys, opened: slot });
  const loader = createIndexLoader({ store, keys, signal: end.signal, cache: options.indexCache });
  const { blockBytes, blocksKept } = tuning;
  const packs = createPackReader({ store, blockBytes, blocksKept, signal: end.signal });
  const workers = createWorkers();
  const chunks = createChunkReader({ loader, packs, opener: createChunkOpener(keys, workers) });

  /** What a call works with: of the vault's, all that ends with the call. What calls share goes on, and only the waiting for it ends. */
  const partsWithin = (signal: AbortSignal) => {
    const bound = createBoundStore(measured, signal);
    return {
      store: bound,
      keys,
      signal,
      chunks: {
        read: (hex: string) => untilAborted(signal, () => chunks.read(hex)),
        write: (hex: string, into: ChunkTarget) =>
          untilAborted(signal, () => chunks.write(hex, into)),
      },
      loader: {
        ...loader,
        refresh: () => untilAborted(signal, () => loader.refresh()),
        recheck: () => untilAborted(signal, () => loader.recheck()),
        recover: () => untilAborted(signal, () => loader.recover()),
      },
      openSession: (sessionOptions: OpenSessionOptions) => openSession(signal, sessionOptions),
      /** A store makes what is missing, so a vault whose disk is unmounted would quietly begin again below the mount point. */
      async ensureThere(): Promise<void> {
        if ((await describeVault(bound)).id === id) return;
        const reason = 'another vault has taken its place';
        throw failure('VAULT_DAMAGED', { vault: store.description, reason });
      },
    };
  };

  const openSession = async (
    within: AbortSignal,
    { signal: own, absent = new Set() }: OpenSessionOptions,
  ): Promise<VaultSession> => {
    const parts = partsWithin(AbortSignal.any([own, within]));
    await parts.ensureThere();
    await parts.store.ensureWritable();
    const cleaning = createBoundStore(measured, parts.signal, tuning.graceMs);
    const guard = await openWriterGuard({ ...parts, cleaning, clock });
    try {
      await parts.loader.refresh();
    } catch (error) {
      await guard.end();
      throw error;
    }
    const doomed = guard.doomed.union(absent);
    const { index } = loader;
    return createSession({
      ...parts,
      cleaning,
      index,
      workers,
      tuning,
      guard: { ...guard, doomed },
    });
  };

  const vaultWithin = (signal: AbortSignal): Vault => {
    const both = (own: AbortSignal): AbortSignal => AbortSignal.any([own, signal]);
    const parts = partsWithin(signal);
    return {
      id,
      description: store.description,
      encryption: description.encryption,
      ...(keyring === undefined ? {} : { keyring }),

      openSession: parts.openSession,
      readStream: (ref) => readChunks(parts.chunks, ref, tuning.readAhead),
      writeInto: (ref, file) => writeInto(parts.chunks, ref, file, tuning.readAhead),

      async readBytes(ref) {
        const read = await Array.fromAsync(readChunks(parts.chunks, ref, tuning.readAhead));
        return read.length === 1 ? (read[0] as Uint8Array) : Buffer.concat(read);
      },

      list: () => listManifests(parts.store),
      readManifest: (entry) => readManifest(parts, entry, signal),
      holds: () => listHolds(parts.store),
      async hold(entry, at) {
        await parts.ensureThere();
        await holdSnapshot(parts.store, entry, at);
      },
      release: (snapshot) => parts.store.delete(holdKey(snapshot)),
      async forget(entry) {
        await parts.ensureThere();
        await forgetSnapshot(parts.store, entry);
      },
      async verify(refs, verifyOptions) {
        const within = partsWithin(both(verifyOptions.signal));
        const slots = keyring === undefined ? [] : await damagedSlots(within.store, id);
        const report = await verifyStreams(within, refs, {
          ...verifyOptions,
          signal: within.signal,
        });
        return { ...report, damages: [...slots, ...report.damages] };
      },
      checkPacks(checkOptions) {
        const within = partsWithin(both(checkOptions.signal));
        return sampleChecks(within, { ...checkOptions, signal: within.signal });
      },
      survey: () => surveyVault(parts.store, parts.loader),
      async repair(repairOptions) {
        const within = partsWithin(both(repairOptions.signal));
        await within.ensureThere();
        return await repairVault(within, { ...repairOptions, signal: within.signal });
      },
      chunksOf: (ref) => walkChunks(parts.chunks, ref),
      readChunk: (digest) => parts.chunks.read(digestHex(digest)),
      within: (own) => vaultWithin(both(own)),
      sealLocal: (plain) => sealWhole(keys, 'SPLOCAL1', plain),
      openLocal: (stored) => openWhole(keys, 'SPLOCAL1', stored),
      async prune(pruneOptions) {
        const within = partsWithin(both(pruneOptions.signal));
        await within.ensureThere();
        if (!pruneOptions.dryRun) await within.store.ensureWritable();
        return await pruneVault(within, { ...pruneOptions, signal: within.signal });
      },
      sessions: () => listSessions(parts.store),
      endSession: (session) => endSession(parts.store, session),
      freeBytes: () => parts.store.freeBytes(),

      async [Symbol.asyncDispose]() {
        end.abort(new Error('the vault is closed'));
        await workers[Symbol.asyncDispose]();
        await opened.close();
      },
    };
  };
  const vault = vaultWithin(end.signal);
  if (slot !== undefined) openedKeys.set(vault, { id, keys, slot });
  return vault;
}

/** Rejects with VAULT_ENCRYPTION_DIFFERS, VAULT_KEY_NEEDED, VAULT_KEY_WRONG, VAULT_KEY_LOST, VAULT_KEY_SHORT. */
async function openKeys(
  store: Store,
  { id, encryption }: VaultDescription,
  passphrase: Passphrase | undefined,
  begun: BegunVault | undefined,
): Promise<{ readonly keys: VaultKeys; readonly slot?: string }> {
  const vault = store.description;
  if (encryption === 'none') {
    // Who gives a passphrase believes that it protects something.
    if (passphrase !== undefined) throw failure('VAULT_ENCRYPTION_DIFFERS', { vault });
    return { keys: plainKeys(id) };
  }
  if (passphrase === undefined) throw failure('VAULT_KEY_NEEDED', { vault });
  return begun?.id === id ? begun : await unlock(store, id, passphrase);
}
