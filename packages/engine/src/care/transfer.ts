// One snapshot as a file, and back. The file is a vault of its own (vault/upkeep/transfer-store.ts), so exporting and importing are
// copying: every chunk is verified on the way, the keys are the file's, and what is there already is not imported again.
import { failure, isFailure, type Clock, type ProgressListener } from '@stillpoint/core';
import {
  createExportStore,
  createVault,
  openExportStore,
  openVault,
  type NewEncryption,
  type Passphrase,
  type Vault,
} from '../vault/index.ts';
import type { ExportResult, ImportResult } from './contract.ts';
import { copySnapshots, type Cared } from './copy.ts';

export interface ExportSnapshotOptions {
  readonly ref: string;
  readonly projectId: string;
  /** Absolute. */
  readonly file: string;
  readonly encryption: NewEncryption;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** EXPORT_EXISTS, EXPORT_NOT_WRITTEN, SNAPSHOTS_NOT_COPIED, and the errors of resolveRef(). */
export async function exportSnapshot(
  from: Cared,
  options: ExportSnapshotOptions,
): Promise<ExportResult> {
  const { ref, projectId, file, encryption, clock, signal, progress } = options;
  await using cleanup = new AsyncDisposableStack();
  const store = cleanup.adopt(await createExportStore(file), (opened) => opened.close());
  // What the vault's end closes is still to be finished.
  const kept = { ...store, close: async () => {} };
  const vault = cleanup.use(await createVault(kept, { encryption, clock }));
  const result = await copySnapshots(from, vault, { refs: [ref], projectId, signal, progress });
  const [failed] = result.failed;
  if (failed !== undefined) throw notCopied(result.failed);
  const [copied] = result.copied;
  if (copied === undefined) throw new Error('nothing was exported');
  const bytes = await store.finish();
  return { snapshot: copied.id, file, bytes, encrypted: encryption !== 'none' };
}

export interface ImportFileOptions {
  /** Absolute. */
  readonly file: string;
  /** Of the file. */
  readonly passphrase?: Passphrase;
  readonly referencesOf: Cared['referencesOf'];
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** EXPORT_MISSING, EXPORT_DAMAGED, SNAPSHOTS_NOT_COPIED, VAULT_KEY_NEEDED, VAULT_KEY_WRONG. */
export async function importFile(to: Vault, options: ImportFileOptions): Promise<ImportResult> {
  const { file, passphrase, referencesOf, signal, progress } = options;
  // Every byte of it is read before anything is written.
  const store = await openExportStore(file, signal);
  await using vault = await openVault(store, passphrase === undefined ? {} : { passphrase }).catch(
    async (error: unknown) => {
      await store.close();
      throw isFailure(error, 'VAULT_MISSING') || isFailure(error, 'VAULT_DAMAGED')
        ? failure('EXPORT_DAMAGED', { file, reason: 'there is no vault in it' }, error)
        : error;
    },
  );
  const result = await copySnapshots({ vault, referencesOf }, to, {
    projectId: '',
    signal,
    progress,
  });
  if (result.failed.length > 0) throw notCopied(result.failed);
  return { file, imported: result.copied, there: result.there };
}

function notCopied(failed: readonly { readonly id: string; readonly reason: string }[]): Error {
  const reason = failed.map(({ id, reason: why }) => `${id}: ${why.replace(/\.$/, '')}`).join('; ');
  return failure('SNAPSHOTS_NOT_COPIED', { failed: failed.length, reason });
}
