// The memory of what was checked when: one small object, `upkeep/checked-<BLAKE3 of it>`, so that a sample takes the packs that
// nobody has read for the longest time. Whoever has checked writes what is known now and deletes what it had read, in this order:
// two at the same time leave two objects, which are merged by the next. Losing it costs nothing but the order.
//   object: "SPCHECK1", number of packs u32, four zero bytes; each pack: first half of its name (16), seconds since 1970 u32
// Times only order. They never go back: after a clock that was wrong everything goes on from there.
import { digestHex, digestOf, isFailure } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';
import { CHECKED_PREFIX, checkedKey, checkedOfKey } from '../format/layout.ts';
import { asBuffer } from '../as-buffer.ts';

const MAGIC = Buffer.from('SPCHECK1', 'latin1');
const INTRO_BYTES = 16;
const NAME_BYTES = 16;
const ENTRY_BYTES = NAME_BYTES + 4;
const SECONDS_MAX = 0xffff_ffff;

export interface CheckedMemory {
  /** Seconds since 1970; undefined: never, as far as is known. */
  lastOf(packHex: string): number | undefined;
  /** Writes down that these were read and found whole, and forgets those that are not in `there`. */
  remember(checked: readonly string[], there: ReadonlySet<string>, now: Date): Promise<void>;
}

export async function readCheckedMemory(store: Store): Promise<CheckedMemory> {
  const times = new Map<string, number>();
  const merged: StoreKey[] = [];
  for await (const { key } of store.list(CHECKED_PREFIX)) {
    const hex = checkedOfKey(key);
    if (hex === undefined) continue;
    merged.push(key);
    const content = await store.get(key).catch(unlessMissing);
    if (content !== undefined && digestHex(digestOf(content)) === hex) readInto(times, content);
  }

  return {
    lastOf: (packHex) => times.get(nameOf(packHex)),

    async remember(checked, there, now) {
      let latest = 0;
      for (const last of times.values()) latest = Math.max(latest, last);
      const seconds = Math.min(SECONDS_MAX, Math.max(latest + 1, Math.floor(now.getTime() / 1000)));
      for (const hex of checked) times.set(nameOf(hex), seconds);
      const kept = new Set([...there].map(nameOf));
      for (const name of times.keys()) if (!kept.has(name)) times.delete(name);
      const content = write(times);
      const key = checkedKey(digestHex(digestOf(content)));
      await store.put(key, content);
      for (const old of merged) if (old !== key) await store.delete(old);
    },
  };
}

function nameOf(packHex: string): string {
  return packHex.slice(0, 2 * NAME_BYTES);
}

function write(times: ReadonlyMap<string, number>): Buffer {
  const content = Buffer.alloc(INTRO_BYTES + times.size * ENTRY_BYTES);
  MAGIC.copy(content);
  content.writeUInt32LE(times.size, 8);
  let at = INTRO_BYTES;
  for (const [name, seconds] of [...times].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    content.write(name, at, NAME_BYTES, 'hex');
    content.writeUInt32LE(seconds, at + NAME_BYTES);
    at += ENTRY_BYTES;
  }
  return content;
}

/** What is of another version is passed over: it only orders. */
function readInto(times: Map<string, number>, object: Uint8Array): void {
  const content = asBuffer(object);
  if (content.length < INTRO_BYTES || !content.subarray(0, 8).equals(MAGIC)) return;
  const end = INTRO_BYTES + content.readUInt32LE(8) * ENTRY_BYTES;
  if (end !== content.length) return;
  for (let at = INTRO_BYTES; at < end; at += ENTRY_BYTES) {
    const name = content.toString('hex', at, at + NAME_BYTES);
    const seconds = content.readUInt32LE(at + NAME_BYTES);
    times.set(name, Math.max(seconds, times.get(name) ?? 0));
  }
}

function unlessMissing(error: unknown): undefined {
  if (!isFailure(error, 'OBJECT_MISSING') && !isFailure(error, 'VAULT_IO_FAILED')) throw error;
}
