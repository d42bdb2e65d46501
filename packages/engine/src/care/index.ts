export type * from './contract.ts';
export { copySnapshots, type Cared, type CopySnapshotsOptions } from './copy.ts';
export { verifyVault, type VerifyVaultOptions } from './verify.ts';
