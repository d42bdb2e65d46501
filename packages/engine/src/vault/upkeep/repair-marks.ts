// A mark of prune that cannot be read stops every writer and every prune, for nobody knows what it dooms. It cannot simply go: a prune
// that read it while it was whole may be paused, and deletes its packs some day; a writer that began meanwhile would rely on them. So
// all packs that are there are doomed in its place, by a mark like any other. Among them is every pack of the lost one that is still
// there, so whatever holds for a mark holds for this one. The next prune copies what is needed, which is the whole vault, once.
// Whoever dies in between leaves the lost mark, and the next repair dooms once more.
import { listPacks } from './liveness.ts';
import { deleteMark, putMark, type LostMark, type MarkParts } from './marks.ts';

export async function replaceMarks(parts: MarkParts, lost: readonly LostMark[]): Promise<void> {
  if (lost.length === 0) return;
  const packs = [...(await listPacks(parts.store)).keys()];
  if (packs.length > 0) await putMark(parts, packs);
  for (const mark of lost) await deleteMark(parts, mark);
}
