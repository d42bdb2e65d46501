// The configuration's public list.
export { CONFIG_NAMES, findConfig } from './find.ts';
export { loadConfig, type LoadOptions } from './load.ts';
export { resolveConfig, type ResolveOptions } from './resolve.ts';
export {
  DEFAULT_LOCK_KEY,
  type ResolvedConfig,
  type ResolvedMember,
  type ResolvedParticipant,
  type ResolvedSource,
} from './resolved.ts';
export { defineConfig, type UserConfig } from './user-config.ts';
