// What a vault needs to know to read and write: made once with the vault, kept wrapped (key-slots.ts), the same in all threads.
//
// Two keys, for two purposes:
//   data key   of it every object derives a key of its own (sealed-object.ts)
//   id key     turns the digest of a chunk's plain bytes into its dedup id, the only name that an index knows. So an index that
//              leaks says nothing of known files; and whoever names a chunk (manifests, lists: all encrypted) does it by the digest of
//              its plain bytes, which is the same in every vault: streams are copied from one to another unchanged.
import { createHasher, digestHex, digestOf, type Digest } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';

export const ciphers = { none: 0, 'aes-256-gcm': 1 } as const;
export type Encryption = keyof typeof ciphers;

/** Plain data: it goes to worker threads as it is. */
export interface VaultKeys {
  readonly encryption: Encryption;
  /** 32 bytes. With 'none' of the vault's id, and no secret. */
  readonly idKey: Uint8Array;
  /** 32 bytes; all zero with 'none'. */
  readonly dataKey: Uint8Array;
}

export const KEY_BYTES = 32;

/** Of a new vault. */
export function newKeys(): VaultKeys {
  return {
    encryption: 'aes-256-gcm',
    idKey: randomBytes(KEY_BYTES),
    dataKey: randomBytes(KEY_BYTES),
  };
}

/** Of a vault that is not encrypted: whoever reads its vault.json has them. */
export function openKeys(vaultId: string): VaultKeys {
  const hasher = createHasher();
  hasher.update(Buffer.from(`stillpoint vault 1 id key\0${vaultId}`, 'utf8'));
  return {
    encryption: 'none',
    idKey: Buffer.from(digestHex(hasher.digest()), 'hex'),
    dataKey: new Uint8Array(KEY_BYTES),
  };
}

/** The dedup id: BLAKE3 of the id key and the digest, 64 hex digits. BLAKE3 knows no length extension, so this is a keyed hash. */
export function dedupIdOf({ idKey }: VaultKeys, plain: Digest): string {
  const input = Buffer.alloc(2 * KEY_BYTES);
  input.set(idKey);
  input.write(digestHex(plain), KEY_BYTES, 'hex');
  return digestHex(digestOf(input));
}
