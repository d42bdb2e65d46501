export { identifier, literal, NAME_BYTES, qualified } from './identifier.ts';
export { DEFAULT_FREEZE_LOCK_KEY } from '@stillpoint/postgres';
export { openDatabase } from './open-database.ts';
export { uncopied } from './uncopied.ts';
