// A key slot: the two keys of a vault, wrapped by what is made of one passphrase. Canonical JSON in clear:
//   {checksum, createdAt, format, kdf: {n, name: "scrypt", p, r, salt}, label, vault, wrapped}
// wrapped: AES-256-GCM of id key and data key (64 bytes) and the tag, hex; the key is scrypt of the passphrase, the nonce zero, for the
// salt is new in each slot; additional data: the canonical JSON of all but checksum and wrapped, with `slot`, the slot's name. So a slot
// that was put into another vault or under another name does not open. The checksum (BLAKE3 of the same and wrapped) tells a damaged
// slot from a wrong passphrase, without one.
// Sources: RFC 7914 (scrypt), NIST SP 800-38D (GCM).
import { canonicalBytes, digestOf, failure } from '@stillpoint/core';
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod';
import { KEY_BYTES, type VaultKeys } from './keys.ts';
import { TAG_BYTES } from './sealed-object.ts';

/** The bytes of a passphrase or of a key file. */
export type Passphrase = Uint8Array;

export const PASSPHRASE_BYTES_MIN = 16;
/** Nobody reads more of a slot. */
export const SLOT_BYTES_MAX = 4096;

/** Numbers of scrypt: 128 MiB and about half a second. */
export interface Cost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

export const defaultCost: Cost = { n: 2 ** 17, r: 8, p: 1 };
/** What a slot may ask of whoever reads it: a hostile one must not eat the memory or the day. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
const P_MAX = 16;

const hex = (bytes: number): z.ZodString =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const shape = z.strictObject({
  checksum: z.string(),
  createdAt: z.string(),
  format: z.literal(1),
  kdf: z.strictObject({
    n: z.int().min(2),
    name: z.literal('scrypt'),
    p: z.int().min(1).max(P_MAX),
    r: z.int().min(1),
    salt: hex(32),
  }),
  label: z.string().nullable(),
  vault: z.string(),
  wrapped: hex(2 * KEY_BYTES + TAG_BYTES),
});
export type SlotContent = z.output<typeof shape>;

const derive = promisify<Passphrase, Uint8Array, number, object, Buffer>(scrypt);
const nonce = Buffer.alloc(12);

export interface WrapOptions {
  /** Of the slot. */
  readonly name: string;
  readonly vault: string;
  readonly label: string | null;
  readonly createdAt: string;
  readonly cost: Cost;
}

/** Rejects with VAULT_KEY_SHORT. */
export async function wrapKeys(
  keys: VaultKeys,
  passphrase: Passphrase,
  { name, vault, label, createdAt, cost }: WrapOptions,
): Promise<Uint8Array> {
  refuseShort(passphrase);
  const kdf = { ...cost, name: 'scrypt' as const, salt: randomBytes(32).toString('hex') };
  const open = { createdAt, format: 1 as const, kdf, label, vault };
  const key = await keyOf(passphrase, kdf);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(canonicalBytes({ ...open, slot: name }));
  const parts = [
    cipher.update(keys.idKey),
    cipher.update(keys.dataKey),
    cipher.final(),
    cipher.getAuthTag(),
  ];
  const rest = { ...open, wrapped: Buffer.concat(parts).toString('hex') };
  return canonicalBytes({ ...rest, checksum: checksumOf(name, rest) });
}

/** undefined: it is damaged, lies under another's name, asks for too much, or is nothing that Stillpoint wrote. */
export function readSlot(name: string, content: Uint8Array): SlotContent | undefined {
  if (content.length > SLOT_BYTES_MAX) return undefined;
  const parsed = shape.safeParse(parse(content));
  if (!parsed.success) return undefined;
  const slot = parsed.data;
  const { checksum, ...rest } = slot;
  if (!isBearable(slot.kdf)) return undefined;
  if (checksum !== checksumOf(name, rest)) return undefined;
  return Buffer.from(canonicalBytes(slot)).equals(content) ? slot : undefined;
}

/** undefined: the passphrase is another. Rejects with VAULT_KEY_SHORT. */
export async function unwrapKeys(
  slot: SlotContent,
  name: string,
  passphrase: Passphrase,
): Promise<VaultKeys | undefined> {
  refuseShort(passphrase);
  const { checksum: _checksum, wrapped, ...open } = slot;
  const key = await keyOf(passphrase, slot.kdf);
  const sealed = Buffer.from(wrapped, 'hex');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(canonicalBytes({ ...open, slot: name }));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const both = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  const idKey = both.subarray(0, KEY_BYTES);
  return { encryption: 'aes-256-gcm', idKey, dataKey: both.subarray(KEY_BYTES) };
}

/** What scrypt can do at all (N < 2^(16 r)), and within what we give it. */
function isBearable({ n, r, p }: Cost): boolean {
  const memoryBytes = 128 * r * (n + p + 2);
  return memoryBytes <= MEMORY_BYTES_MAX && Number.isInteger(Math.log2(n)) && n < 2 ** (16 * r);
}

function refuseShort({ length }: Passphrase): void {
  if (length >= PASSPHRASE_BYTES_MIN) return;
  throw failure('VAULT_KEY_SHORT', { bytes: length, smallest: PASSPHRASE_BYTES_MIN });
}

async function keyOf(passphrase: Passphrase, kdf: Cost & { salt: string }): Promise<Buffer> {
  const { n, r, p, salt } = kdf;
  const maxmem = 2 * MEMORY_BYTES_MAX;
  return await derive(passphrase, Buffer.from(salt, 'hex'), KEY_BYTES, { N: n, r, p, maxmem });
}

function checksumOf(slot: string, rest: Omit<SlotContent, 'checksum'>): string {
  return digestOf(canonicalBytes({ ...rest, slot }));
}

function parse(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return undefined;
  }
}
