// The key slots of a vault: each opens it, and whoever has opened it may add and remove others. Slots wrap the same two keys: to remove
// one, or to change its passphrase, does not revoke what somebody has opened before. For that the vault is copied into a new one.
import { failure, isFailure, type StillpointError } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import type { Damage, Store } from '../contract.ts';
import { KEY_PREFIX, slotKey, slotOfKey } from '../format/layout.ts';
import type { VaultKeys } from './keys.ts';
import {
  defaultCost,
  readSlot,
  SLOT_BYTES_MAX,
  unwrapKeys,
  wrapKeys,
  type Cost,
  type Passphrase,
  type SlotContent,
} from './key-slot.ts';

/** One more than a slot has, so that a larger object is known as one. */
const READ_BYTES = SLOT_BYTES_MAX + 1;

export interface KeySlot {
  /** 16 hex digits. */
  readonly name: string;
  /** What a person called it. */
  readonly label: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

export interface NewSlot {
  readonly vault: string;
  readonly passphrase: Passphrase;
  readonly label: string | null;
  readonly createdAt: string;
  /** defaultCost unless told. */
  readonly cost?: Cost;
}

/** Durable when it resolves, and nothing opened by it before. Rejects with VAULT_KEY_SHORT. */
export async function addSlot(store: Store, keys: VaultKeys, slot: NewSlot): Promise<KeySlot> {
  const name = randomBytes(8).toString('hex');
  const { vault, label, createdAt, cost = defaultCost } = slot;
  const options = { name, vault, label, createdAt, cost };
  const content = await wrapKeys(keys, slot.passphrase, options);
  await store.put(slotKey(name), content, { ifAbsent: true });
  return { name, label, createdAt };
}

interface Slots {
  readonly whole: readonly { readonly name: string; readonly content: SlotContent }[];
  readonly damages: readonly Damage[];
  /** That a slot could not be read is no sign that it is lost. */
  readonly unread?: StillpointError;
}

/** Those of this vault: one of another was left by whoever came second when the vault was made, and opens nothing. */
async function readSlots(store: Store, vault: string): Promise<Slots> {
  const whole: { readonly name: string; readonly content: SlotContent }[] = [];
  const damages: Damage[] = [];
  let unread: StillpointError | undefined;
  for await (const { key, bytes } of store.list(KEY_PREFIX)) {
    const name = slotOfKey(key);
    if (name === undefined) continue;
    const stored = await readObject(store, key);
    if (stored === undefined) continue;
    if (isFailure(stored)) {
      unread = stored;
      damages.push({ key, what: `the key slot cannot be read: ${stored.message}` });
      continue;
    }
    const content = readSlot(name, stored);
    if (content === undefined) {
      damages.push({ key, what: `the key slot is damaged: its ${bytes} bytes are none` });
    } else if (content.vault === vault) whole.push({ name, content });
  }
  return { whole, damages, ...(unread === undefined ? {} : { unread }) };
}

export async function listSlots(store: Store, vault: string): Promise<readonly KeySlot[]> {
  const { whole } = await readSlots(store, vault);
  return whole.map(({ name, content: { label, createdAt } }) => ({ name, label, createdAt }));
}

/** Slots that open nothing any more. They are found without a passphrase. */
export async function damagedSlots(store: Store, vault: string): Promise<readonly Damage[]> {
  return (await readSlots(store, vault)).damages;
}

export interface Unlocked {
  readonly keys: VaultKeys;
  /** The slot that it was. */
  readonly slot: string;
}

/** Rejects with VAULT_KEY_WRONG, VAULT_KEY_LOST, VAULT_KEY_SHORT; VAULT_IO_FAILED when a slot could not be read and no other opens. */
export async function unlock(
  store: Store,
  vault: string,
  passphrase: Passphrase,
): Promise<Unlocked> {
  const { whole, damages, unread } = await readSlots(store, vault);
  for (const { name, content } of whole) {
    const keys = await unwrapKeys(content, name, passphrase);
    if (keys !== undefined) return { keys, slot: name };
  }
  if (unread !== undefined) throw unread;
  if (whole.length === 0) {
    const harmed = damages.map(({ key }) => key).join(', ');
    const reason =
      harmed === '' ? 'no key slot is left' : `no other key slot than ${harmed}, damaged`;
    throw failure('VAULT_KEY_LOST', { vault: store.description, reason });
  }
  const tried = [
    ...whole.map(({ name }) => slotKey(name)),
    ...damages.map(({ key }) => `${key} (damaged)`),
  ];
  throw failure('VAULT_KEY_WRONG', { vault: store.description, slots: tried.join(', ') });
}

/**
 * Never the slot that opened the vault (VAULT_KEY_IN_USE): so one is left, and somebody has its passphrase. Of two who do this at the same
 * moment, each with the other's slot, both could go; hence the look afterwards, and what was taken is put back.
 */
export async function removeSlot(
  store: Store,
  vault: string,
  { slot, opened }: { readonly slot: string; readonly opened: string },
): Promise<void> {
  if (slot === opened) throw failure('VAULT_KEY_IN_USE', { slot });
  const key = slotKey(slot);
  const stored = await readObject(store, key);
  if (isFailure(stored)) throw stored;
  if (stored === undefined) {
    const known = (await listSlots(store, vault)).map(({ name }) => name).join(', ');
    throw failure('VAULT_KEY_SLOT_UNKNOWN', { vault: store.description, slot, known });
  }
  await store.delete(key);
  const left = await listSlots(store, vault);
  if (left.some(({ name }) => name === opened)) return;
  await store.put(key, stored);
  throw failure('VAULT_KEY_IN_USE', { slot });
}

/** The bytes; undefined: it is gone; or the error of a disk that does not give them. */
async function readObject(
  store: Store,
  key: string,
): Promise<Uint8Array | StillpointError | undefined> {
  try {
    return await store.get(key, { range: { offset: 0, bytes: READ_BYTES } });
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) return undefined;
    if (isFailure(error, 'VAULT_IO_FAILED')) return error;
    throw error;
  }
}
