// The key slots as whoever has opened the vault sees them.
import type { Keyring, NewKeySlot, Store } from '../contract.ts';
import type { Cost } from './key-slot.ts';
import { addSlot, listSlots, removeSlot, type KeySlot } from './key-slots.ts';
import type { VaultKeys } from './keys.ts';

export interface KeyringOptions {
  readonly vault: string;
  readonly keys: VaultKeys;
  readonly opened: string;
  /** Of new slots; for tests. */
  readonly cost?: Cost;
}

export function createKeyring(store: Store, options: KeyringOptions): Keyring {
  const { vault, keys, cost } = options;
  let { opened } = options;

  const add = ({ passphrase, label, at }: NewKeySlot): Promise<KeySlot> =>
    addSlot(store, keys, {
      vault,
      passphrase,
      label,
      createdAt: at.toISOString(),
      ...(cost === undefined ? {} : { cost }),
    });

  return {
    get opened() {
      return opened;
    },
    list: () => listSlots(store, vault),
    add,
    async change(slot) {
      const added = await add(slot);
      const replaced = opened;
      opened = added.name;
      await removeSlot(store, vault, { slot: replaced, opened });
      return added;
    },
    remove: (name) => removeSlot(store, vault, { slot: name, opened }),
  };
}
