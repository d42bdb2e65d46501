// The configuration's public list.
export { readAddress, type AddressPlace } from './address.ts';
export {
  expand,
  readEnvironment,
  readEnvironmentFile,
  type Variables,
} from './environment-file.ts';
export { CONFIG_NAMES, findConfig } from './find.ts';
export { loadConfig, type LoadOptions } from './load.ts';
export { resolveConfig, type ResolveOptions } from './resolve.ts';
export {
  DEFAULT_LOCK_KEY,
  type FilesSource,
  type ManagedPostgresSource,
  type PostgresByUrlSource,
  type ResolvedAddress,
  type ResolvedConfig,
  type ResolvedEncryption,
  type ResolvedMember,
  type ResolvedParticipant,
  type ResolvedPassphrase,
  type ResolvedPlace,
  type ResolvedSource,
  type ResolvedVault,
  type SqliteSource,
  type ResolvedRetention,
} from './resolved.ts';
export { defineConfig, type UserConfig } from './user-config.ts';
