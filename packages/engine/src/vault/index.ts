// The vault's door: what other rooms may use.
export type {
  Damage,
  SealedEntry,
  SessionStats,
  Store,
  StoreKey,
  Vault,
  VaultSession,
  VerifyOptions,
  VerifyReport,
} from './contract.ts';
export { createDirectoryStore } from './stores/directory.ts';
export {
  createFaultyStore,
  type Fault,
  type StoreCall,
  type StoreOperation,
} from './stores/faulty.ts';
export { createMemoryStore } from './stores/memory.ts';
export { createReadonlyStore } from './stores/readonly.ts';
export { createVault, openVault, type CreateVaultOptions, type VaultOptions } from './vault.ts';
export type { Tuning } from './tuning.ts';
