// How every object but vault.json, keys and holds is written: a header in clear, then parts, each encrypted and authenticated.
//
//   header, 48 bytes: magic (8), format u16, cipher u8, five zero bytes, salt (32)
//   part n:           AES-256-GCM with the object's key, nonce n (u32 little-endian, then eight zero bytes), the header as additional
//                     data; ciphertext, then the tag (16)
//   object's key:     HKDF-SHA-256 of the data key, the salt as its salt, "stillpoint object 1" as its info
//
// A salt is used for one object only, so no nonce is used twice under a key: it is random, or (manifests and marks, which may be written
// again under the same name) the keyed hash of magic and content. With cipher 0 a part is plain and its tag the first 16 bytes of
// BLAKE3 of id key, header, n (u32) and part: damage is found, and what belongs to another vault; nothing is hidden.
// Sources: NIST SP 800-38D (GCM), RFC 5869 (HKDF).
import { createHasher, digestHex } from '@stillpoint/core';
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { ciphers, KEY_BYTES, type VaultKeys } from './keys.ts';
import { asBuffer } from '../as-buffer.ts';

export const HEADER_BYTES = 48;
export const SALT_BYTES = 32;
export const TAG_BYTES = 16;
/** The part number of what stands at the end of an object of many parts: a pack's table. */
export const LAST_PART = 0xffff_ffff;

const SALT_AT = 16;
const OBJECT_FORMAT = 1;

/** 8 bytes of ASCII. */
export type Magic = 'SPPACK01' | 'SPINDEX1' | 'SPSNAP01' | 'SPPRUNE1' | 'SPLOCAL1';

export interface Sealer {
  readonly header: Buffer;
  /** The stored bytes: as many as `plain` and TAG_BYTES. */
  seal(part: number, plain: Uint8Array): Buffer;
}

export interface Opener {
  /** undefined: the bytes are not those that were written. */
  open(part: number, stored: Uint8Array): Buffer | undefined;
}

export function createSealer(keys: VaultKeys, magic: Magic, salt = newSalt()): Sealer {
  const header = headerOf(keys, magic, salt);
  if (keys.encryption === 'none') {
    return {
      header,
      seal: (part, plain) => Buffer.concat([plain, checksum(keys, header, part, plain)]),
    };
  }
  const key = objectKey(keys, salt);
  return {
    header,
    seal(part, plain) {
      const cipher = createCipheriv('aes-256-gcm', key, nonceOf(part), {
        authTagLength: TAG_BYTES,
      });
      cipher.setAAD(header);
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
  };
}

export function createOpener(keys: VaultKeys, magic: Magic, salt: Uint8Array): Opener {
  const header = headerOf(keys, magic, salt);
  const key = keys.encryption === 'none' ? undefined : objectKey(keys, salt);
  return {
    open(part, stored) {
      if (stored.length < TAG_BYTES) return undefined;
      const body = stored.subarray(0, -TAG_BYTES);
      const tag = stored.subarray(-TAG_BYTES);
      if (key === undefined) {
        return checksum(keys, header, part, body).equals(tag) ? asBuffer(body) : undefined;
      }
      return decrypt(key, nonceOf(part), { header, body, tag });
    },
  };
}

/** The salt of a header; undefined: the object is not of this kind, format and cipher. */
export function saltOf(keys: VaultKeys, magic: Magic, header: Uint8Array): Buffer | undefined {
  if (header.length < HEADER_BYTES) return undefined;
  const salt = asBuffer(header).subarray(SALT_AT, HEADER_BYTES);
  return headerOf(keys, magic, salt).equals(asBuffer(header).subarray(0, HEADER_BYTES))
    ? salt
    : undefined;
}

/** A whole object of one part. Sealed again it has the same bytes, and thus the same name. */
export function sealWhole(keys: VaultKeys, magic: Magic, plain: Uint8Array): Buffer {
  const sealer = createSealer(keys, magic, saltFor(keys, magic, plain));
  return Buffer.concat([sealer.header, sealer.seal(0, plain)]);
}

/** undefined: it is damaged, or of another kind, format, cipher or key. */
export function openWhole(keys: VaultKeys, magic: Magic, stored: Uint8Array): Buffer | undefined {
  const salt = saltOf(keys, magic, stored);
  if (salt === undefined) return undefined;
  return createOpener(keys, magic, salt).open(0, stored.subarray(HEADER_BYTES));
}

export function newSalt(): Buffer {
  return randomBytes(SALT_BYTES);
}

/** The kind is part of it: under one salt two headers would be authenticated with one key and nonce. */
function saltFor({ dataKey, idKey }: VaultKeys, magic: Magic, plain: Uint8Array): Buffer {
  const hasher = createHasher();
  hasher.update(Buffer.from(magic, 'latin1'));
  hasher.update(dataKey);
  hasher.update(idKey);
  hasher.update(plain);
  return Buffer.from(digestHex(hasher.digest()), 'hex').subarray(0, SALT_BYTES);
}

function headerOf({ encryption }: VaultKeys, magic: Magic, salt: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(magic, 0, 8, 'latin1');
  header.writeUInt16LE(OBJECT_FORMAT, 8);
  header.writeUInt8(ciphers[encryption], 10);
  header.set(salt, SALT_AT);
  return header;
}

/** As an object: a cipher is begun in a third of the time that it takes with the bytes, and there is one for each part. */
function objectKey({ dataKey }: VaultKeys, salt: Uint8Array): KeyObject {
  const key = hkdfSync('sha256', dataKey, salt, 'stillpoint object 1', KEY_BYTES);
  return createSecretKey(Buffer.from(key));
}

function nonceOf(part: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(part, 0);
  return nonce;
}

function checksum(
  { idKey }: VaultKeys,
  header: Uint8Array,
  part: number,
  plain: Uint8Array,
): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(part, 0);
  const hasher = createHasher();
  hasher.update(idKey);
  hasher.update(header);
  hasher.update(number);
  hasher.update(plain);
  return Buffer.from(digestHex(hasher.digest()), 'hex').subarray(0, TAG_BYTES);
}

function decrypt(
  key: KeyObject,
  nonce: Uint8Array,
  { header, body, tag }: { header: Uint8Array; body: Uint8Array; tag: Uint8Array },
): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(header);
  decipher.setAuthTag(tag);
  const plain = decipher.update(body);
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}
