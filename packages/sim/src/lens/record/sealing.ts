// Seals journals of full chunks, one at a time, beside the one that fills. What cannot be sealed now (the disk is full) stays a journal,
// which readers read as well, and is tried again with the next.
import { isFailure } from '@stillpoint/core';
import { sealJournal } from '../chunk/index.ts';
import type { JournalIndex, JournalWriter } from '../journal/index.ts';

export interface Sealing {
  /** A full one, which is closed here. Tries those again that are left from before. */
  add(file: string, journal: JournalWriter): void;
  /** When it resolves, no loss of power takes a frame of what was added; it rejects with why one might. */
  sync(): Promise<void>;
  /** Tries once more what is left, and rejects with why it stays so. */
  finish(): Promise<void>;
}

interface Waiting {
  readonly file: string;
  /**
   * Not synced when the chunk is full: its frames are durable a moment later, as the `.lens` file, and most journals are gone before the
   * system has written any of them.
   */
  readonly journal: JournalWriter;
  /** Until the disk refused: what failed is looked through the next time. */
  index: JournalIndex | undefined;
  /** Of the first attempt: a disk that lost what it was given says so once. */
  synced: Promise<void> | undefined;
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
        await sealUnlessGone(one.file, one.index);
        waiting = waiting.filter((other) => other !== one);
        await one.journal[Symbol.asyncDispose]();
      } catch (error) {
        // What was damaged since is not looked through: frames that the writer knows of would only be fewer.
        if (!isFailure(error, 'LENS_DAMAGED')) one.index = undefined;
        why = error;
        failed(error);
      }
    await sealed().catch(failed);
  };
  const sync = async (): Promise<void> => {
    for (const one of waiting) {
      one.synced ??= one.journal.sync();
      // Sealed meanwhile: then its frames are durable in another file.
      await one.synced.catch((error: unknown) => {
        if (waiting.includes(one)) throw error;
      });
    }
  };

  return {
    add(file, journal) {
      waiting = [...waiting, { file, journal, index: journal.index, synced: undefined }];
      work = work.then(sealAll);
    },
    sync,
    async finish() {
      await work;
      if (waiting.length > 0) await sealAll();
      if (why === undefined) return;
      // They stay journals, and nobody asks for them any more.
      await sync().catch(failed);
      for (const { journal } of waiting) await journal[Symbol.asyncDispose]();
      throw why;
    },
  };
}

/** Somebody has removed it while it was open: that is no reason to stop. */
async function sealUnlessGone(journal: string, index: JournalIndex | undefined): Promise<void> {
  await sealJournal(journal, undefined, index).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
