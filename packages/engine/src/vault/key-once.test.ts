// To find out the keys of a vault by its passphrase takes half a second, which a project that is made of another need not wait again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { createMemoryStore } from './stores/memory.ts';
import { smallKey } from './test-streams.ts';
import { createVault, openVault } from './vault.ts';

const wrong = { passphrase: Buffer.from('another one that is long enough') };

test('a vault that is open already is opened by its keys, and another one by its passphrase', async () => {
  const store = createMemoryStore();
  const other = createMemoryStore();
  await using open = await createVault(store, { encryption: smallKey });
  await using foreign = await createVault(other, { encryption: smallKey });
  // No passphrase was tried, for this one would have been refused.
  await using again = await openVault(store, { ...wrong, alike: open });
  assert.equal(again.id, open.id);
  await assert.rejects(openVault(store, { ...wrong, alike: foreign }), (error) =>
    isFailure(error, 'VAULT_KEY_WRONG'),
  );
  await assert.rejects(openVault(store, wrong), (error) => isFailure(error, 'VAULT_KEY_WRONG'));
});
