// A process of its own for the crash tests: opens the encrypted vault, or makes it, writes one snapshot, and dies by SIGKILL at a given
// call of the store, before or after it is carried out. Prints how many calls there were when it gets to the end.
// usage: writer-process.ts DIRECTORY SEED [CALL before|after]
import assert from 'node:assert/strict';
import { isSnapshotId, newSnapshotId } from '@stillpoint/core';
import { createDirectoryStore } from './stores/directory.ts';
import { createFaultyStore } from './stores/faulty.ts';
import { never, noise, randomFrom, smallKey, smallTuning } from './test-streams.ts';
import { createVault } from './vault.ts';

const [directory, seed, callText, phase] = process.argv.slice(2);
assert(directory !== undefined && seed !== undefined);

let calls = 0;
const store = createFaultyStore(createDirectoryStore(directory), (call) => {
  calls = call.n;
  if (call.n === Number(callText) && call.phase === phase) process.kill(process.pid, 'SIGKILL');
  return 'ok';
});
await using vault = await createVault(store, { encryption: smallKey, tuning: smallTuning });
await using session = await vault.openSession(never);
const shared = await session.sink().writeBytes(noise(randomFrom(0), 30_000));
const own = await session.sink().writeBytes(noise(randomFrom(Number(seed)), 30_000));
const id = newSnapshotId();
assert(isSnapshotId(id));
await session.seal(id, Buffer.from(JSON.stringify([shared, own])));
process.stdout.write(`${calls}\n`);
