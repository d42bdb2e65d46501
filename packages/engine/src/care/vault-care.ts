// A vault in the hands of whoever takes care of it: what the library gives for one, with or without a project.
import { failure, silent, type Clock } from '@stillpoint/core';
import type { Encryption, KeySlot, NewEncryption, Passphrase, Vault } from '../vault/index.ts';
import type {
  CareOptions,
  CopyOptions,
  CopyResult,
  ExportOptions,
  ExportResult,
  ImportOptions,
  ImportResult,
  RepairOptions,
  RepairResult,
  VaultCare,
  VaultStats,
} from './contract.ts';
import { copySnapshots, type Cared } from './copy.ts';
import { repairCare } from './repair.ts';
import { vaultStats } from './stats.ts';
import { exportSnapshot, importFile } from './transfer.ts';

export interface VaultCareParts extends Cared {
  readonly vault: Vault;
  /** Whose snapshots `latest` means; empty: of whatever project. */
  readonly projectId: string;
  readonly clock: Clock;
  /** What ends with it. */
  readonly close: () => Promise<void>;
}

export function createVaultCare(parts: VaultCareParts): VaultCare {
  return new OpenVault(parts);
}

class OpenVault implements VaultCare {
  readonly #parts: VaultCareParts;

  constructor(parts: VaultCareParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.vault.id;
  }

  get place(): string {
    return this.#parts.vault.description;
  }

  get encryption(): Encryption {
    return this.#parts.vault.encryption;
  }

  get vault(): Vault {
    return this.#parts.vault;
  }

  async stats(options: CareOptions = {}): Promise<VaultStats> {
    return vaultStats(this.#parts, callOf(options));
  }

  async copyTo(to: VaultCare, options: CopyOptions = {}): Promise<CopyResult> {
    const { vault, projectId } = this.#parts;
    if (to.id === vault.id) throw failure('COPY_OF_ITSELF', { vault: to.place });
    const { refs } = options;
    return copySnapshots(this.#parts, to.vault, {
      ...callOf(options),
      ...(refs === undefined ? {} : { refs }),
      projectId,
    });
  }

  async exportSnapshot(
    ref: string,
    file: string,
    options: ExportOptions = {},
  ): Promise<ExportResult> {
    const { projectId, clock } = this.#parts;
    const encryption = encryptionOf(options.passphrase);
    const where = { ref, file, projectId, encryption, clock };
    return exportSnapshot(this.#parts, { ...where, ...callOf(options) });
  }

  async importFile(file: string, options: ImportOptions = {}): Promise<ImportResult> {
    const { vault, referencesOf } = this.#parts;
    const { passphrase } = options;
    return importFile(vault, {
      file,
      referencesOf,
      ...(passphrase === undefined ? {} : { passphrase }),
      ...callOf(options),
    });
  }

  async repair(options: RepairOptions = {}): Promise<RepairResult> {
    const { dryRun = false, forgetDamaged = false, from } = options;
    const { clock, referencesOf } = this.#parts;
    if (from !== undefined && from.id === this.id) {
      throw failure('COPY_OF_ITSELF', { vault: from.place });
    }
    return repairCare(this.#parts, {
      dryRun,
      forgetDamaged,
      ...(from === undefined ? {} : { from: { vault: from.vault, referencesOf } }),
      now: clock.now(),
      ...callOf(options),
    });
  }

  async keys(): Promise<readonly KeySlot[]> {
    return this.#keyring().list();
  }

  get openedBy(): string | null {
    return this.#parts.vault.keyring?.opened ?? null;
  }

  async addKey(passphrase: Passphrase, label: string | null): Promise<KeySlot> {
    return this.#keyring().add({ passphrase, label, at: this.#parts.clock.now() });
  }

  async changeKey(passphrase: Passphrase, label: string | null): Promise<KeySlot> {
    return this.#keyring().change({ passphrase, label, at: this.#parts.clock.now() });
  }

  async removeKey(name: string): Promise<void> {
    await this.#keyring().remove(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }

  #keyring(): NonNullable<Vault['keyring']> {
    const { vault } = this.#parts;
    if (vault.keyring === undefined) throw failure('VAULT_WITHOUT_KEYS', { vault: this.place });
    return vault.keyring;
  }
}

function callOf({ signal, onProgress }: CareOptions) {
  return { signal: signal ?? new AbortController().signal, progress: onProgress ?? silent };
}

function encryptionOf(passphrase: Passphrase | undefined): NewEncryption {
  return passphrase === undefined ? 'none' : { passphrase };
}
