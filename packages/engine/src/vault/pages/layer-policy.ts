// Which layers a new image keeps. A layer is written once and never changed, so that many images share it; but each layer more
// makes reading longer. Deltas are merged as in a log-structured store: the newest with the one below it while it is at least half as
// large, so that of n small changes each page is written again about log n times and the layers stay few. When the deltas together
// are half as large as the image, or most groups that the layers name hold no page of it any more, all is written anew: that is
// 22 bytes a page, for the pages themselves stay where they are.

/** Readers read them all before the first page. */
export const LAYERS_MAX = 12;
const FEW_GROUPS = 16;

export interface Chain {
  /** Pages in each layer that is there, the full one first. Empty: nothing to build upon. */
  readonly entries: readonly number[];
  /** Pages of the new image that each of them still says where they are; the last one: pages that are new. */
  readonly live: readonly number[];
  /** Pages of the new image. */
  readonly pages: number;
  /** Groups that the layers name. */
  readonly groupsNamed: number;
  /** And those of them that hold a page of the new image. */
  readonly groupsLive: number;
}

/** The first layer that is replaced by a new one; as many as there are: a delta of its own. 0: a full one. */
export function firstReplaced(chain: Chain): number {
  const { entries, live, pages, groupsNamed, groupsLive } = chain;
  if (groupsNamed > 2 * groupsLive + FEW_GROUPS) return 0;
  let from = entries.length;
  let merged = live[from] ?? 0;
  while (merged > 0 && from > 1 && (from >= LAYERS_MAX || 2 * merged >= (entries[from - 1] ?? 0))) {
    from--;
    merged += live[from] ?? 0;
  }
  const kept = entries.slice(1, from).reduce((sum, count) => sum + count, 0);
  return 2 * (kept + merged) > pages ? 0 : from;
}
