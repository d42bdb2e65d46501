// A checkpoint back into a loop of the user's own. All of it is read and verified before the first byte of the loop's arrays is
// changed: they are never half of one state and half of another.
import { failure } from '@stillpoint/core';
import type { OpenCheckpoint, WorldIdentity } from '../checkpoint/contract.ts';
import type { Restored } from './contract.ts';
import { arrayNameOf, ownFactsOf, ownRuntime } from './facts-of-loop.ts';
import { differencesOf } from './own-identity.ts';
import { arrayOf, bytesOf, typeOf, type OwnArray, type OwnArrays } from './own-state.ts';
import { withMinusZeros } from './plain-json.ts';
import type { Found } from './run-of-loop.ts';

export interface RestoreInto {
  readonly identity: WorldIdentity;
  readonly force: boolean;
  readonly note: (text: string) => void;
}

/** Throws whatever can go wrong; what it resolves to then fills the arrays, and cannot fail. */
export async function prepareRestore<A extends OwnArrays>(
  arrays: A,
  { checkpoint, skipped }: Found,
  { identity, force, note }: RestoreInto,
): Promise<() => Omit<Restored<A>, 'runId'>> {
  const { facts, path: file } = checkpoint;
  const own = ownFactsOf(facts);
  if (own === undefined) throw failure('CKPT_NOT_OWN', { file, world: facts.world.name });
  const changed = differencesOf(facts.world, identity);
  if (changed.length > 0 && !force)
    throw failure('RUN_WORLD_CHANGED', { file, changes: changed.join(', ') });
  for (const text of runtimeNotes(checkpoint)) note(text);
  const read = await readAll(checkpoint, own.types);
  const { tick, simTimeSeconds, parameters } = facts;
  const json = withMinusZeros(own.json, own.minusZeros ?? []);
  const restored = { tick, simTimeSeconds, file, json, parameters, skipped };
  return () => ({ ...restored, ...fill(arrays, read) });
}

/** Those of one type and length get their bytes; for others there are new ones, for the loop to take. */
function fill<A extends OwnArrays>(
  arrays: A,
  read: ReadonlyMap<string, ReadArray>,
): Pick<Restored<A>, 'arrays' | 'dropped' | 'fresh' | 'missing'> {
  const filled: Record<string, OwnArray> = { ...arrays };
  const fresh: string[] = [];
  const missing: string[] = [];
  for (const [name, array] of Object.entries(arrays)) {
    const one = read.get(name);
    if (one === undefined) missing.push(name);
    else if (one.type === typeOf(array) && one.bytes.byteLength === array.byteLength)
      bytesOf(array).set(one.bytes);
    else {
      filled[name] = arrayOf(one.type, one.bytes);
      fresh.push(name);
    }
  }
  const rest = [...read].filter(([name]) => !Object.hasOwn(arrays, name));
  const dropped = Object.fromEntries(
    rest.map(([name, { type, bytes }]) => [name, arrayOf(type, bytes)]),
  );
  return { arrays: filled as A, dropped, fresh, missing };
}

interface ReadArray {
  readonly type: string;
  readonly bytes: Uint8Array;
}

async function readAll(
  checkpoint: OpenCheckpoint,
  types: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, ReadArray>> {
  const read = new Map<string, ReadArray>();
  for (const { name: section } of checkpoint.sections) {
    const name = arrayNameOf(section);
    read.set(name, { type: types[name] ?? 'Uint8Array', bytes: await checkpoint.read(section) });
  }
  return read;
}

/** Math.pow and others give other last bits on another one. */
function* runtimeNotes({ facts: { runtime }, path: file }: OpenCheckpoint): Iterable<string> {
  const now = ownRuntime();
  for (const key of ['node', 'v8', 'platform', 'arch'] as const) {
    if (runtime[key] !== now[key])
      yield `${file} was written with ${key} ${runtime[key]}, this is ${now[key]}: what follows may differ in its last bits.`;
  }
}
