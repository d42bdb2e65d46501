// The vault's door: what other rooms may use.
export type {
  CheckedPacks,
  Damage,
  OpenSession,
  PruneReport,
  Encryption,
  Keyring,
  KeySlot,
  LostStream,
  NewKeySlot,
  Passphrase,
  SealedEntry,
  SessionStats,
  Store,
  StoreKey,
  Vault,
  VaultSession,
  VaultSurvey,
  VaultSink,
  VerifyOptions,
  VerifyReport,
} from './contract.ts';
export { forEachConcurrently } from './flow.ts';
export { createDirectoryStore } from './stores/directory.ts';
export {
  createFaultyStore,
  type Fault,
  type StoreCall,
  type StoreOperation,
} from './stores/faulty.ts';
export { createMemoryStore } from './stores/memory.ts';
export { createReadonlyStore } from './stores/readonly.ts';
export { createLoggedStore, type StoreLogEntry } from './stores/logged.ts';
export { createRateLimitedStore, type RateLimitOptions } from './stores/rate-limit.ts';
export { createRetryingStore, type RetryOptions } from './stores/retry.ts';
export { createS3Store, type S3StoreOptions } from './stores/s3.ts';
export {
  isS3Address,
  parseS3Address,
  readS3Address,
  s3AddressText,
  type S3Address,
} from './stores/s3/address.ts';
export { describeVault, type NewEncryption } from './describe.ts';
export { validateStore, type StoreCheck, type ValidateOptions } from './stores/validate.ts';
export { createIndexCache, type IndexCache } from './read/index-cache.ts';
export { createExportStore, openExportStore, type ExportStore } from './upkeep/transfer-store.ts';
export { createVault, openVault, type CreateVaultOptions, type VaultOptions } from './vault.ts';
export type { Tuning } from './tuning.ts';
