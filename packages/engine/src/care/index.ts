export type * from './contract.ts';
export { copyState } from './copy-state.ts';
export { copySnapshots, type Cared, type CopySnapshotsOptions } from './copy.ts';
export { repairCare, type RepairCareOptions } from './repair.ts';
export { vaultStats, type StatsOptions } from './stats.ts';
export {
  exportSnapshot,
  importFile,
  type ExportSnapshotOptions,
  type ImportFileOptions,
} from './transfer.ts';
export { createVaultCare, type VaultCareParts } from './vault-care.ts';
export { verifyVault, type VerifyVaultOptions } from './verify.ts';
