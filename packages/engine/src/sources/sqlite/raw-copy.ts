// Copies the bytes of a live file while a transaction of ours reads it: the file, and of its WAL what was committed by then.
//
// Why this is exact: while we read, nobody resets the WAL, and checkpoints move no frame into the file that is younger than our
// transaction. So what a checkpoint changes in the file under our hands is in the prefix of the WAL that we copy too, and SQLite's
// recovery of the copy puts it right. Nothing is synced: the copy is ours and goes when the capture ends; a sync of
// gigabytes would keep the application from the disk.
// Source: https://www.sqlite.org/walformat.html (the WAL-index header: change counter at 8, last valid frame at 16, its copy at 48,
// frames moved into the file at 96).
import { closeSync, fstatSync, openSync, readSync, truncateSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { numberOf, openDatabase } from './connection.ts';

const walHeaderBytes = 32;
const frameHeaderBytes = 24;
const indexHeaderBytes = 48;
const indexBytes = 136;
const pieceBytes = 1024 * 1024;
const piecesInARow = 16;

/** The last commit that the WAL-index knows. */
export interface WalPosition {
  /** The header as it is: equal ones mean that nobody committed in between. */
  readonly header: Buffer;
  readonly frames: number;
  /** So many of them are in the file already. */
  readonly moved: number;
}

/**
 * The file and its companions, open for reading. Closing any descriptor of them drops the locks of this process: to be closed after the
 * connection.
 */
export class RawFile {
  readonly #opened: number[] = [];
  readonly #file: number;
  readonly #wal: number | undefined;
  readonly #index: number | undefined;

  constructor(file: string, mode: 'wal' | 'rollback') {
    this.#file = this.#open(file);
    this.#wal = mode === 'wal' ? this.#open(`${file}-wal`) : undefined;
    this.#index = mode === 'wal' ? this.#open(`${file}-shm`) : undefined;
  }

  /** undefined: somebody is writing it, or it is none that we know. */
  position(): WalPosition | undefined {
    if (this.#index === undefined) return undefined;
    const index = Buffer.alloc(indexBytes);
    if (readSync(this.#index, index, 0, indexBytes, 0) < indexBytes) return undefined;
    const header = index.subarray(0, indexHeaderBytes);
    if (!header.equals(index.subarray(indexHeaderBytes, 2 * indexHeaderBytes))) return undefined;
    const numberAt = (at: number): number =>
      endianness() === 'LE' ? index.readUInt32LE(at) : index.readUInt32BE(at);
    return { header, frames: numberAt(16), moved: numberAt(96) };
  }

  /** To be called, and awaited, inside the transaction that reads. The position was taken in it. */
  async copyTo(
    target: string,
    { position, pageBytes }: { position: WalPosition | undefined; pageBytes: number },
    signal: AbortSignal,
  ): Promise<void> {
    const inWal = position !== undefined && position.frames > position.moved;
    if (inWal && this.#wal !== undefined) {
      const bytes = walHeaderBytes + position.frames * (frameHeaderBytes + pageBytes);
      await copyBytes(this.#wal, `${target}-wal`, bytes, signal);
    }
    await copyBytes(this.#file, target, fstatSync(this.#file).size, signal);
  }

  close(): void {
    for (const descriptor of this.#opened.splice(0)) closeSync(descriptor);
  }

  #open(file: string): number {
    const descriptor = openSync(file, 'r');
    this.#opened.push(descriptor);
    return descriptor;
  }
}

/** What was copied becomes one file without a WAL, as long as its pages. */
export function settleCopy(copy: string): void {
  let bytes: number;
  {
    using database = openDatabase(copy, 'rw');
    database.exec('PRAGMA synchronous = OFF');
    if (numberOf(database, 'wal_checkpoint(TRUNCATE)') !== 0) throw new Error('the copy is in use');
    bytes = numberOf(database, 'page_size') * numberOf(database, 'page_count');
  }
  truncateSync(copy, bytes);
}

/** Synchronously, which is twice as fast as by the thread pool: in rollback mode writers wait for it. */
async function copyBytes(
  source: number,
  target: string,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  const descriptor = openSync(target, 'w', 0o600);
  try {
    const piece = Buffer.allocUnsafeSlow(pieceBytes);
    for (let at = 0, pieces = 0; at < bytes; pieces += 1) {
      // So that the keeper hears when nobody wants the copy any more.
      if (pieces % piecesInARow === 0) await setImmediate(undefined, { signal });
      const read = readSync(source, piece, 0, Math.min(pieceBytes, bytes - at), at);
      // Shorter than it was: its end is in the WAL.
      if (read === 0) return;
      for (let done = 0; done < read;)
        done += writeSync(descriptor, piece, done, read - done, at + done);
      at += read;
    }
  } finally {
    closeSync(descriptor);
  }
}
