// The driver of one SQLite file.
//
// NOBODY IS CLOSED OUT (supports.closes is false): only a living process can hold SQLite's lock, and whoever carries a restore on
// after a crash finds the file open. Within one restore nothing is lost all the same:
//   mark of the undo point   the write lock is held, by the participant or by the capture itself (capture.ts)
//   switch                   the lock is lent to the connection that writes, which asks, before it commits anything, whether a
//                            stranger was faster: then SQLITE_CHANGED, and the way back leaves the file as it is
//   until the freeze ends    the lock is taken back; a stranger who was faster now writes on what was restored
// After a crash the next process captures what it finds (restore/recover.ts) before it goes on, as for git.
import path from 'node:path';
import { failure, type Clock } from '@stillpoint/core';
import { targetBehindLink } from '../../file-tree/index.ts';
import type { SourceDriver } from '../contract.ts';
import { createDatabaseAccess } from './access.ts';
import { beginCapture } from './capture.ts';
import { probeFile } from './probe.ts';
import { parsePlaced } from './record.ts';
import { isThere } from './refusals.ts';
import { compare, prepare, prove, references, switchTo } from './restore.ts';

export interface SqliteDriverOptions {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  /** Private, for the copy that is being captured; may vanish between captures. */
  readonly cacheDirectory: string;
  /** Absolute; no link between it and the file is followed. */
  readonly projectDirectory: string;
  readonly clock: Clock;
}

export function createSqliteDriver(options: SqliteDriverOptions): SourceDriver {
  const { name, file, cacheDirectory, projectDirectory } = options;
  const refuseLinks = async (): Promise<void> => {
    // A link as the file itself is refused by what looks at the file, where it matters.
    const target = await targetBehindLink(path.dirname(file), projectDirectory);
    if (target !== undefined) throw failure('SQLITE_BEHIND_LINK', { file, target });
  };
  const undoFiles = new Set<string>();
  return {
    kind: 'sqlite',
    name,
    supports: {
      closes: false,
      capturesWhileLive: true,
      incremental: true,
      preparesFromNothing: true,
    },
    database: createDatabaseAccess(file),
    exists: () => isThere(file),
    async probe(signal) {
      await refuseLinks();
      return await probeFile(file, signal);
    },
    async begin(begin) {
      await refuseLinks();
      return await beginCapture({ file, cacheDirectory }, begin);
    },
    compare: (record, _source, signal) => compare(file, record, signal),
    references,
    async prepare(record, prepareOptions) {
      await refuseLinks();
      return await prepare(record, prepareOptions);
    },
    prove: (placement, signal) => prove(name, placement, signal),
    async placementOfUndo(record, prepareOptions) {
      const placement = await prepare(record, prepareOptions);
      undoFiles.add(parsePlaced(placement).file);
      return placement;
    },
    close: ({ verifyHeld }) => verifyHeld(),
    async switch(placement, { undo }) {
      await refuseLinks();
      const placed = parsePlaced(placement);
      return await switchTo(file, { placed, undo, back: undoFiles.has(placed.file) });
    },
    async open() {},
    async abandon() {},
    async finish() {},
    async [Symbol.asyncDispose]() {},
  };
}
