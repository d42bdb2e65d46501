// What is in a store: a vault and which, nothing yet, or something else; and how a vault begins.
//
// An encrypted vault begins with a key slot, then comes vault.json. The other way round a death in between would leave a vault that
// says it is encrypted and has no key, and of two that begin at once the second would find just that and give it a key of its own. So: a
// vault.json is there only after a slot of it is; it is written if absent, so of two one decides; a slot names its vault, so the
// one that came second is known by what it says, and opens nothing. It is removed, or left by a death, and harms nobody.
import { failure, isFailure, newUuid, type Clock } from '@stillpoint/core';
import type { Store } from './contract.ts';
import { addSlot } from './crypto/key-slots.ts';
import type { Cost, Passphrase } from './crypto/key-slot.ts';
import { newKeys, type VaultKeys } from './crypto/keys.ts';
import {
  DESCRIPTION_BYTES_MAX,
  readDescription,
  writeDescription,
  type VaultDescription,
} from './format/description.ts';
import { FORMAT, KEY_PREFIX, slotKey, VAULT_KEY } from './format/layout.ts';

export type NewEncryption =
  | 'none'
  | {
      readonly passphrase: Passphrase;
      /** Of scrypt; for tests. */
      readonly cost?: Cost;
    };

/** VAULT_MISSING, VAULT_TOO_NEW, VAULT_DAMAGED. Needs no key. */
export async function describeVault(store: Store): Promise<VaultDescription> {
  const vault = store.description;
  let content: Uint8Array;
  try {
    const range = { offset: 0, bytes: DESCRIPTION_BYTES_MAX + 1 };
    content = await store.get(VAULT_KEY, { range });
  } catch (error) {
    if (!isFailure(error, 'OBJECT_MISSING')) throw error;
    if ((await lookFor(store)) === 'begun') return await describeVault(store);
    throw failure('VAULT_MISSING', { vault });
  }
  const found = readDescription(content);
  if (found === undefined) {
    const reason = 'its vault.json is not one that Stillpoint wrote';
    throw failure('VAULT_DAMAGED', { vault, reason });
  }
  if ('tooNew' in found) {
    throw failure('VAULT_TOO_NEW', { vault, format: found.tooNew, supported: FORMAT });
  }
  return found;
}

/** What began an encrypted vault opens it: its passphrase need not be tried once more. */
export interface BegunVault {
  readonly id: string;
  readonly keys: VaultKeys;
  /** The name of its slot. */
  readonly slot: string;
}

/**
 * Makes the store a vault, unless it is one. VAULT_DAMAGED: it holds something else. undefined: it was one, of two that began it at
 * once the other one decided, or it is not encrypted.
 */
export async function beginVault(
  store: Store,
  encryption: NewEncryption,
  clock: Clock,
): Promise<BegunVault | undefined> {
  if ((await store.stat(VAULT_KEY)) !== undefined) return undefined;
  if ((await lookFor(store)) === 'begun') return undefined;
  const id = newUuid();
  const createdAt = clock.now().toISOString();
  const keys = newKeys();
  const slot =
    encryption === 'none'
      ? undefined
      : await addSlot(store, keys, { vault: id, label: null, createdAt, ...encryption });
  const cipher = slot === undefined ? 'none' : 'aes-256-gcm';
  const description = writeDescription({ id, createdAt, encryption: cipher });
  try {
    await store.put(VAULT_KEY, description, { ifAbsent: true });
  } catch (error) {
    if (!isFailure(error, 'OBJECT_EXISTS')) throw error;
    // Also when the answer of an earlier try was lost, and it is ours after all.
    if (slot !== undefined && (await describeVault(store)).id !== id) {
      await store.delete(slotKey(slot.name));
      return undefined;
    }
  }
  return slot === undefined ? undefined : { id, keys, slot: slot.name };
}

/**
 * What a store without a vault.json holds. What began a vault and died left only a key slot: that is as good as nothing. 'begun':
 * somebody has begun one since we looked.
 */
async function lookFor(store: Store): Promise<'nothing' | 'begun'> {
  for await (const { key } of store.list('')) {
    if (key.startsWith(KEY_PREFIX)) continue;
    if ((await store.stat(VAULT_KEY)) !== undefined) return 'begun';
    const reason = 'there are files in it, but no vault.json';
    throw failure('VAULT_DAMAGED', { vault: store.description, reason });
  }
  return 'nothing';
}
