// A process of its own for tests: opens the encrypted vault, or makes it, and writes one snapshot.
// usage: writer-process.ts DIRECTORY SEED
import assert from 'node:assert/strict';
import { newSnapshotId } from '@stillpoint/core';
import { createDirectoryStore } from './stores/directory.ts';
import { never, noise, randomFrom, smallKey, smallTuning } from './test-streams.ts';
import { createVault } from './vault.ts';

const [directory, seed] = process.argv.slice(2);
assert(directory !== undefined && seed !== undefined);

const store = createDirectoryStore(directory);
await using vault = await createVault(store, { encryption: smallKey, tuning: smallTuning });
await using session = await vault.openSession(never);
const shared = await session.sink().writeBytes(noise(randomFrom(0), 30_000));
const own = await session.sink().writeBytes(noise(randomFrom(Number(seed)), 30_000));
await session.seal(newSnapshotId(), Buffer.from(JSON.stringify([shared, own])));
