// All snapshots of a vault without reading each manifest every time: its name says what it holds, so what was read once is
// remembered. What is shown is then as good as when it was read; whatever is restored, compared or checked is read and verified
// anew, and a manifest that turns out to be damaged is from then on reported as damaged.
import { digestHex } from '@stillpoint/core';
import { createRowMemory, type RowFile } from '../catalog/index.ts';
import type { SealedEntry, Vault } from '../vault/contract.ts';
import type { Sealed } from './manifest.ts';
import { oldestFirst, outlineOf, type Known, type Outline } from './outline.ts';
import { resolveRef } from './refs.ts';
import { readEntries, readOne, type Damaged } from './sealed.ts';

export interface KnownList {
  /** Oldest first. */
  readonly sealed: readonly Known[];
  readonly damaged: readonly Damaged[];
}

export interface Catalogue {
  list(signal?: AbortSignal): Promise<KnownList>;
  /** The whole manifest, verified; what is wrong with it if it cannot be read. */
  read(known: Known, signal?: AbortSignal): Promise<Sealed | Damaged>;
  /** As resolveRef() among those that can be read. */
  find(ref: string, projectId: string, signal?: AbortSignal): Promise<Sealed>;
}

interface Row {
  /** Of the manifest as it was stored: one that was cut short since is looked at again. */
  readonly bytes: number;
  readonly outline: Outline;
}

/** So many are read side by side anyway: remembering fewer would cost more than it saves. */
const NEW_ROWS_MIN = 16;

export function createCatalogue(vault: Vault, file: RowFile = createRowMemory()): Catalogue {
  let loading: Promise<Map<string, Row>> | undefined;
  let unsaved = 0;

  const vaultWithin = (signal: AbortSignal | undefined): Vault =>
    signal === undefined ? vault : vault.within(signal);

  const listKnown = async (signal?: AbortSignal): Promise<KnownList> => {
    const within = vaultWithin(signal);
    const [rows, entries] = await Promise.all([
      (loading ??= file.read() as Promise<Map<string, Row>>),
      within.list(),
    ]);
    const sealed: Known[] = [];
    const unread: SealedEntry[] = [];
    for (const entry of entries) {
      const row = rows.get(nameOf(entry));
      if (row?.bytes === entry.bytes) sealed.push({ entry, manifest: row.outline });
      else unread.push(entry);
    }
    const read = await readEntries(within, unread, signal);
    for (const { entry, manifest } of read.sealed) {
      const outline = outlineOf(manifest);
      rows.set(nameOf(entry), { bytes: entry.bytes, outline });
      sealed.push({ entry, manifest: outline });
    }
    unsaved += read.sealed.length;
    const gone = dropOthers(rows, sealed);
    if (gone || unsaved >= NEW_ROWS_MIN) {
      // Only saves the next command some reading: whatever keeps it from being written does not matter.
      await file.write(rows).catch(() => {});
      unsaved = 0;
    }
    return { sealed: sealed.toSorted(oldestFirst), damaged: read.damaged };
  };

  const read = async ({ entry }: Known, signal?: AbortSignal): Promise<Sealed | Damaged> => {
    const found = await readOne(vaultWithin(signal), entry);
    signal?.throwIfAborted();
    if (!('manifest' in found)) (await loading)?.delete(nameOf(entry));
    return found;
  };

  return {
    list: listKnown,
    read,
    async find(ref, projectId, signal) {
      let { sealed } = await listKnown(signal);
      for (;;) {
        const named = resolveRef(ref, sealed, projectId);
        const found = await read(named, signal);
        if ('manifest' in found) return found;
        // As if it had been seen at once that it cannot be read.
        sealed = sealed.filter((one) => one !== named);
      }
    },
  };
}

/** True if there was a row of a snapshot that is there no more. What was forgotten is not remembered here either. */
function dropOthers(rows: Map<string, Row>, sealed: readonly Known[]): boolean {
  if (rows.size === sealed.length) return false;
  const there = new Set(sealed.map(({ entry }) => nameOf(entry)));
  for (const name of rows.keys()) if (!there.has(name)) rows.delete(name);
  return true;
}

function nameOf({ id, digest }: SealedEntry): string {
  return `${id}.${digestHex(digest)}`;
}
