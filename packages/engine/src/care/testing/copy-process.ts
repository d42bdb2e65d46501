// A process of its own for the tests of copying: copies one vault into another, and dies by SIGKILL at a given call of the other's
// store, before or after it is carried out.
// usage: copy-process.ts FROM TO [CALL before|after]
import assert from 'node:assert/strict';
import { silent } from '@stillpoint/core';
import { referencesOf } from '../../compose-sources.ts';
import {
  createDirectoryStore,
  createFaultyStore,
  createVault,
  openVault,
} from '../../vault/index.ts';
import { copySnapshots } from '../copy.ts';

const [fromDirectory, toDirectory, callText, phase] = process.argv.slice(2);
assert(fromDirectory !== undefined && toDirectory !== undefined);

const store = createFaultyStore(createDirectoryStore(toDirectory), (call) => {
  if (call.n === Number(callText) && call.phase === phase) process.kill(process.pid, 'SIGKILL');
  return 'ok';
});
await using vault = await openVault(createDirectoryStore(fromDirectory));
await using to = await createVault(store);
await copySnapshots({ vault, referencesOf }, to, {
  projectId: '',
  signal: new AbortController().signal,
  progress: silent,
});
