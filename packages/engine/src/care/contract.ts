// Care of a vault: what can be done with one as a whole, with or without a project. The results below are what the command's JSON
// shows.
//
// THE LAW OF CARE
//  - Nothing that is whole is ever deleted, and nothing is deleted before what replaces it is durable and was read back.
//  - What is taken over from another vault is verified chunk by chunk on the way, and sealed last: a copy that died left only garbage.
//  - Everything may be done again. What was done already costs a look.
import type { ProgressListener, SnapshotId } from '@stillpoint/core';
import type { Loss } from '../api.ts';
import type {
  Damage,
  Encryption,
  KeySlot,
  Passphrase,
  RepairedPack,
  Vault,
} from '../vault/contract.ts';

/** A vault that was opened by its place. Dispose it. */
export interface VaultCare extends AsyncDisposable {
  readonly id: string;
  /** Its directory or address. */
  readonly place: string;
  readonly encryption: Encryption;
  /** What the engine works with; not for programs. */
  readonly vault: Vault;
  stats(options?: CareOptions): Promise<VaultStats>;
  /**
   * Snapshots that the other vault lacks are copied there, oldest first, each whole or not at all; what cannot be read here is in the
   * result. COPY_OF_ITSELF, and the errors of refs.
   */
  copyTo(to: VaultCare, options?: CopyOptions): Promise<CopyResult>;
  /** EXPORT_EXISTS, EXPORT_NOT_WRITTEN, SNAPSHOTS_NOT_COPIED. */
  exportSnapshot(ref: string, file: string, options?: ExportOptions): Promise<ExportResult>;
  /** EXPORT_MISSING, EXPORT_DAMAGED, VAULT_KEY_NEEDED, VAULT_KEY_WRONG, SNAPSHOTS_NOT_COPIED. */
  importFile(file: string, options?: ImportOptions): Promise<ImportResult>;
  /** Keeps what is whole, fetches what it can, tells what is lost. */
  repair(options?: RepairOptions): Promise<RepairResult>;
  /** VAULT_WITHOUT_KEYS. */
  keys(): Promise<readonly KeySlot[]>;
  /** The name of the key slot that opened it; null: it is not encrypted. */
  readonly openedBy: string | null;
  addKey(passphrase: Passphrase, label: string | null): Promise<KeySlot>;
  /** Another passphrase in place of the one that opened it. */
  changeKey(passphrase: Passphrase, label: string | null): Promise<KeySlot>;
  /** VAULT_KEY_IN_USE, VAULT_KEY_SLOT_UNKNOWN. */
  removeKey(name: string): Promise<void>;
}

export interface CareOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface CopyOptions extends CareOptions {
  /** Only these; all when left out. */
  readonly refs?: readonly string[];
}

export interface CopyResult {
  readonly from: string;
  readonly to: string;
  /** Oldest first. */
  readonly copied: readonly CopiedSnapshot[];
  /** How many of those that were asked for were there already. */
  readonly there: number;
  /** Those that could not be copied whole. Nothing of them is visible in the other vault. */
  readonly failed: readonly FailedCopy[];
}

export interface CopiedSnapshot {
  readonly id: SnapshotId;
  readonly name: string | null;
  /** Chunks that the other vault did not have. */
  readonly chunks: number;
  /** Their bytes, before compression and as stored. */
  readonly bytesRead: number;
  readonly bytesStored: number;
}

export interface FailedCopy {
  readonly id: SnapshotId;
  readonly reason: string;
}

/** How far a copy is behind the vault that it is a copy of. */
export interface CopyState {
  readonly place: string;
  /** Snapshots of the vault that the copy lacks; null: it could not be looked at. */
  readonly behind: number | null;
  /** When the oldest of those was taken; null: none is lacking, or it is not known. ISO 8601, UTC. */
  readonly since: string | null;
  /** Why it could not be looked at; null: it could. */
  readonly problem: string | null;
}

export interface ExportOptions extends CareOptions {
  /** What the file is encrypted with; left out: it is not. */
  readonly passphrase?: Passphrase;
}

export interface ImportOptions extends CareOptions {
  /** What the file is encrypted with. */
  readonly passphrase?: Passphrase;
}

export interface ExportResult {
  readonly snapshot: SnapshotId;
  readonly file: string;
  readonly bytes: number;
  readonly encrypted: boolean;
}

export interface ImportResult {
  readonly file: string;
  readonly imported: readonly CopiedSnapshot[];
  readonly there: number;
}

export interface VaultStats {
  readonly vault: string;
  readonly snapshots: number;
  /** Snapshots that cannot be read: what they hold is not counted, and so appears as unused. */
  readonly unreadable: number;
  /** What all snapshots would take, each stored by itself and not compressed. */
  readonly plainBytes: number;
  /** What is left of that when equal chunks are counted once. */
  readonly distinctBytes: number;
  /** As stored: compressed, encrypted. */
  readonly storedBytes: number;
  /** plainBytes / distinctBytes; 1 when there is nothing. */
  readonly deduplication: number;
  /** distinctBytes / storedBytes; 1 when there is nothing. */
  readonly compression: number;
  readonly chunks: number;
  readonly packs: number;
  readonly packBytes: number;
  /** Bytes of packs that no snapshot names: what `prune` could free at most. */
  readonly unusedBytes: number;
  readonly indexes: number;
  readonly indexBytes: number;
  /** Oldest first. */
  readonly perSnapshot: readonly SnapshotUsage[];
  /** A chunk that several name counts for the one that named it first. */
  readonly perSource: readonly SourceUsage[];
}

export interface SnapshotUsage {
  readonly id: SnapshotId;
  readonly name: string | null;
  readonly createdAt: string;
  readonly plainBytes: number;
  /** Stored bytes that it names, alone or with others. */
  readonly storedBytes: number;
  /** Stored bytes that only it names: what forgetting it would free. */
  readonly aloneBytes: number;
}

export interface SourceUsage {
  readonly source: string;
  readonly driver: string;
  readonly plainBytes: number;
  readonly distinctBytes: number;
  readonly storedBytes: number;
}

export interface RepairOptions extends CareOptions {
  /** Also forgets the snapshots that lost something and cannot be mended. Those that are held stay. */
  readonly forgetDamaged?: boolean;
  /** Only says what would be done. */
  readonly dryRun?: boolean;
  /** Another vault with the same snapshots, from which comes back what is lost here. */
  readonly from?: VaultCare;
}

export interface RepairResult {
  readonly vault: string;
  /** Packs that are damaged, cut off or gone: what is whole in them is stored anew. */
  readonly packs: readonly RepairedPack[];
  /** Index files that cannot be used. */
  readonly indexes: readonly Damage[];
  /** Marks of `prune` that cannot be read, and stop everybody. They are taken away; the next `prune` writes all that is needed anew, once. */
  readonly marks: readonly Damage[];
  /** Packs that no index names, and that get one again. */
  readonly reindexed: number;
  /** Snapshots that got back from another vault what they had lost. */
  readonly mended: readonly SnapshotId[];
  /** Snapshots that cannot be restored whole. */
  readonly harmed: readonly HarmedSnapshot[];
  /** Of those, the ones that were forgotten; with a dry run, that would be. */
  readonly forgotten: readonly SnapshotId[];
  /** False for a dry run. */
  readonly done: boolean;
}

/** A snapshot that cannot be restored whole. */
export interface HarmedSnapshot {
  readonly id: SnapshotId;
  readonly name: string | null;
  readonly held: boolean;
  /** What is lost of it: its manifest, or parts of sources. */
  readonly lost: readonly Loss[];
}
