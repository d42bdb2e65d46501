// A process of its own for the crash tests: forgets one snapshot and prunes, and dies by SIGKILL at a given call of the store, before or
// after it is carried out. Prints how many calls there were when it gets to the end.
// usage: prune-process.ts DIRECTORY SNAPSHOT [CALL before|after]
import assert from 'node:assert/strict';
import { createDirectoryStore } from '../../stores/directory.ts';
import { createFaultyStore } from '../../stores/faulty.ts';
import { smallTuning } from '../../test-streams.ts';
import { openVault } from '../../vault.ts';
import { prune } from './snapshots.ts';

const [directory, snapshot, callText, phase] = process.argv.slice(2);
assert(directory !== undefined);

let calls = 0;
const store = createFaultyStore(createDirectoryStore(directory), (call) => {
  calls = call.n;
  if (call.n === Number(callText) && call.phase === phase) process.kill(process.pid, 'SIGKILL');
  return 'ok';
});
await using vault = await openVault(store, { tuning: smallTuning });
const entry = (await vault.list()).find(({ id }) => id === snapshot);
if (entry !== undefined) await vault.forget(entry);
await prune(vault, { repackShare: 0 });
process.stdout.write(`${calls}\n`);
