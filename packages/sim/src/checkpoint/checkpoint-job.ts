// Writes one checkpoint after the other into the directory of a run. The order is what makes it safe: temporary file, read back, fsync,
// rename, fsync of the directory; then the manifest; then `latest`; then what is kept no longer is removed. Dead between any two of them,
// there is a file too many or a manifest that is behind: both are mended when the run is opened.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory, isFailure, type Digest } from '@stillpoint/core';
import {
  checkpointName,
  makeWay,
  recordCheckpoint,
  type CheckpointRecord,
} from '../directory/index.ts';
import type { CheckpointFacts, SectionSource } from './contract.ts';
import { contentOf, writeCheckpointFile, type SectionToWrite } from './file-writer.ts';
import { changedPages, hashPages, type HashedSection } from './pages.ts';
import { verifyStored } from './reader.ts';
import { packedBytes } from './table.ts';
import type { WrittenCheckpoint } from './writer-messages.ts';

export interface JobOptions {
  readonly runDirectory: string;
  /** Null: all are kept. */
  readonly keep: number | null;
  readonly fullEvery: number;
}

export interface CheckpointJob {
  /** Throws CKPT_WRITE_FAILED; then nothing is left of it. */
  write(facts: CheckpointFacts, sections: readonly SectionSource[]): Promise<WrittenCheckpoint>;
}

/** The last whole checkpoint that this thread wrote, as incremental ones are compared with it. */
interface Base {
  readonly file: string;
  readonly digest: Digest;
  readonly bytes: number;
  readonly pages: ReadonlyMap<string, readonly string[]>;
}

interface Plan {
  readonly sections: readonly SectionToWrite[];
  readonly full: boolean;
  readonly hashed: ReadonlyMap<string, HashedSection>;
}

export function createCheckpointJob({ runDirectory, keep, fullEvery }: JobOptions): CheckpointJob {
  let base: Base | undefined;
  let sinceFull = 0;

  const write = async (
    facts: CheckpointFacts,
    sources: readonly SectionSource[],
  ): Promise<WrittenCheckpoint> => {
    const startedMs = performance.now();
    const file = checkpointName(facts.tick);
    if (!(await makeWay(runDirectory, file, isWhole)))
      throw new Error('others need the one that is there');
    const due = sinceFull + 1 >= fullEvery || base?.file === file;
    const usable = due ? undefined : await stillThere(runDirectory, base);
    const { full, sections, hashed } = planOf(sources, fullEvery > 1, usable);
    const named =
      full || usable === undefined ? null : { file: usable.file, digest: usable.digest };
    const written = await writeNew(runDirectory, file, (fd) =>
      writeCheckpointFile(fd, { facts, sections, base: named }),
    );
    if (full) {
      const pages = new Map([...hashed].map(([name, { hashes }]) => [name, hashes]));
      base = { file, ...written, pages };
    }
    sinceFull = full ? 0 : sinceFull + 1;
    const record: CheckpointRecord = {
      tick: facts.tick,
      file,
      ...written,
      base: named?.file ?? null,
      createdAt: facts.createdAt,
    };
    await recordCheckpoint(runDirectory, record, { keep, facts });
    return {
      file: path.join(runDirectory, file),
      bytes: written.bytes,
      full,
      durationMs: performance.now() - startedMs,
    };
  };

  return {
    async write(facts, sources) {
      try {
        return await write(facts, sources);
      } catch (error) {
        // Whatever it was: the next one stands for itself.
        base = undefined;
        if (isFailure(error)) throw error;
        const why = error instanceof Error ? error.message : String(error);
        const { tick } = facts;
        throw failure('CKPT_WRITE_FAILED', { tick, directory: runDirectory, why }, error);
      }
    },
  };
}

function planOf(
  sources: readonly SectionSource[],
  mayBeBase: boolean,
  base: Base | undefined,
): Plan {
  const hashed = new Map<string, HashedSection>();
  if (mayBeBase)
    for (const source of sources) hashed.set(source.name, hashPages(contentOf(source)));
  // Hashed again as they are written: what was hashed before is for comparing pages.
  const whole = sources.map((source) => ({ source, pages: null }));
  if (base === undefined) return { sections: whole, full: true, hashed };
  const changed = sources.map((source) => {
    const { hashes, digest } = hashed.get(source.name) as HashedSection;
    return { source, digest, pages: changedPages(hashes, base.pages.get(source.name) ?? []) };
  });
  const bytes = changed.reduce(
    (sum, { source, pages }) => sum + packedBytes({ plainBytes: source.lengthBytes, pages }),
    0,
  );
  const all = sources.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  // What more than half of changed is as quick to read whole, and needs no other file.
  if (bytes > all / 2) return { sections: whole, full: true, hashed };
  return { sections: changed, full: false, hashed };
}

/** Where that cannot be told, it is: what cannot be read now may be read again. */
async function isWhole(file: string): Promise<boolean> {
  return await verifyStored(file).then(
    () => true,
    (error: unknown) => !isFailure(error, 'CKPT_DAMAGED') && !isFailure(error, 'CKPT_MISSING'),
  );
}

/** Somebody may have removed it, or put another in its place. */
async function stillThere(directory: string, base: Base | undefined): Promise<Base | undefined> {
  if (base === undefined) return undefined;
  const found = await stat(path.join(directory, base.file)).catch(() => undefined);
  return found?.size === base.bytes ? base : undefined;
}

/** The file has its name only when all of it is durable and was read back. */
async function writeNew<T>(directory: string, name: string, fill: (fd: number) => T): Promise<T> {
  const temporary = path.join(directory, `${name}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    let result: T;
    try {
      result = fill(fd);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    await verifyStored(temporary);
    await rename(temporary, path.join(directory, name));
    await fsyncDirectory(directory);
    return result;
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
