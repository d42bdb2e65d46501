// Which packs are worth deleting: those that nothing needs, and those of which so little is needed that copying it pays.
import { HEADER_BYTES, TAG_BYTES } from '../crypto/sealed-object.ts';
import { ENTRY_BYTES, FOOTER_BYTES } from '../format/pack-table.ts';
import type { Liveness } from './liveness.ts';

/** `share`: of a pack's bytes; one of which at least so much is garbage is rewritten. 1: only what is garbage as a whole. */
export function choosePacks(
  life: Liveness,
  doomed: ReadonlySet<string>,
  share: number,
): readonly string[] {
  const chosen: string[] = [];
  for (const [hex, bytes] of life.packs()) {
    if (doomed.has(hex)) continue;
    const needed = life.of(hex);
    if (needed === undefined) {
      chosen.push(hex);
      continue;
    }
    // What a pack needs for itself is no garbage: the smallest ones would be rewritten for ever.
    const ownBytes = HEADER_BYTES + TAG_BYTES + FOOTER_BYTES + needed.chunks() * ENTRY_BYTES;
    const garbageBytes = bytes - needed.storedBytes() - ownBytes;
    if (garbageBytes > 0 && garbageBytes >= share * bytes) chosen.push(hex);
  }
  return chosen;
}
