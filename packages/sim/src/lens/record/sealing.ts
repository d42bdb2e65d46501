// Seals journals of full chunks, one at a time, beside the one that fills. What cannot be sealed now (the disk is full) stays a journal,
// which readers read as well, and is tried again with the next.
import { isFailure } from '@stillpoint/core';
import { sealJournal } from '../chunk/index.ts';
import type { JournalIndex } from '../journal/index.ts';

export interface Sealing {
  /** `isDurable`: its last frames are. Tries those again that are left from before. */
  add(journal: string, index: JournalIndex, isDurable: boolean): void;
  /** Why frames that were written might be lost by a loss of power; undefined: all of them are durable. */
  readonly undurable: unknown;
  /** Tries once more what is left, and rejects with why it stays so. */
  finish(): Promise<void>;
}

interface Waiting {
  readonly journal: string;
  /** Until the disk refused: what failed is looked through the next time. */
  index: JournalIndex | undefined;
  readonly isDurable: boolean;
}

export function createSealing({
  sealed,
  failed,
}: {
  readonly sealed: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}): Sealing {
  let waiting: readonly Waiting[] = [];
  let work = Promise.resolve();
  let why: unknown;

  const sealAll = async (): Promise<void> => {
    why = undefined;
    for (const one of waiting)
      try {
        await sealUnlessGone(one.journal, one.index);
        waiting = waiting.filter((other) => other !== one);
      } catch (error) {
        // What was damaged since is not looked through: frames that the writer knows of would only be fewer.
        if (!isFailure(error, 'LENS_DAMAGED')) one.index = undefined;
        why = error;
        failed(error);
      }
    await sealed().catch(failed);
  };

  return {
    get undurable() {
      return waiting.some(({ isDurable }) => !isDurable)
        ? (why ?? new Error('a chunk is not durable yet'))
        : undefined;
    },
    add(journal, index, isDurable) {
      waiting = [...waiting, { journal, index, isDurable }];
      work = work.then(sealAll);
    },
    async finish() {
      await work;
      if (waiting.length > 0) await sealAll();
      if (why !== undefined) throw why;
    },
  };
}

/** Somebody has removed it while it was open: that is no reason to stop. */
async function sealUnlessGone(journal: string, index: JournalIndex | undefined): Promise<void> {
  await sealJournal(journal, undefined, index).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
