// The explicit public list of @stillpoint/postgres.
export {
  clientConfig,
  flawOf,
  parseAddress,
  partsOf,
  placeOf,
  urlOf,
  type AddressParts,
  type ServerAddress,
} from './address.ts';
export {
  DEFAULT_FREEZE_LOCK_KEY,
  leaveSilentServer,
  openLockSession,
  remainingMs,
  type LockSession,
} from './lock-session.ts';
export { findPooler, type Between, type PoolerSearch } from './pooler.ts';
export { whyRefused, type Refusal, type Refused } from './refusal.ts';
