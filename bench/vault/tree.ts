// A tree of ordinary files, taken from what every Debian has: programs, libraries, documents, sources. And one large file of the
// same, with a copy into which something was inserted near its beginning and in its middle: what cutting by content is for.
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Place } from '../place.ts';

export interface TreeSize {
  readonly filesBytes: number;
  readonly archiveBytes: number;
}

const origins = ['/usr/bin', '/usr/include', '/usr/share', '/usr/lib'] as const;
/** Of each origin so many bytes, then of the next, so that all kinds are there. */
const largestFileBytes = 64e6;
const inserts = [
  { atShare: 0.01, text: 'a few bytes that were not there before\n' },
  { atShare: 0.5, text: 'and some more of them\n' },
] as const;

export async function createTree(
  place: Place,
  directory: string,
  { filesBytes, archiveBytes }: TreeSize,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const archived: string[] = [];
  for (const origin of origins) {
    await copySome(origin, path.join(directory, path.basename(origin)), {
      bytes: filesBytes / origins.length,
      passOver: archived,
      passOverBytes: archiveBytes / origins.length,
      signal: place.signal,
    });
  }
  const archive = path.join(directory, 'archive');
  await pipeline(contentOf(archived, archiveBytes), createWriteStream(archive));
  const handle = await open(archive);
  await pipeline(withInserts(handle.createReadStream()), createWriteStream(`${archive}.shifted`));
}

interface CopyOptions {
  readonly bytes: number;
  /** After that, so many bytes of files are only named here. */
  readonly passOver: string[];
  readonly passOverBytes: number;
  readonly signal: AbortSignal;
}

async function copySome(from: string, to: string, options: CopyOptions): Promise<void> {
  let copied = 0;
  let passed = 0;
  for await (const name of filesBelow(from)) {
    options.signal.throwIfAborted();
    const { size } = await stat(path.join(from, name));
    if (size > largestFileBytes) continue;
    if (copied < options.bytes) {
      const target = path.join(to, name);
      await mkdir(path.dirname(target), { recursive: true });
      await copyFile(path.join(from, name), target);
      copied += size;
    } else if (passed < options.passOverBytes) {
      options.passOver.push(path.join(from, name));
      passed += size;
    } else return;
  }
}

async function* filesBelow(directory: string, below = ''): AsyncGenerator<string> {
  const entries = await readdir(path.join(directory, below), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = path.join(below, entry.name);
    if (entry.isDirectory()) yield* filesBelow(directory, name);
    else if (entry.isFile()) yield name;
  }
}

async function* contentOf(files: readonly string[], bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for (const file of files) {
    await using handle = await open(file);
    for await (const piece of handle.createReadStream()) {
      yield piece as Buffer;
      bytes += (piece as Buffer).length;
      if (bytes >= bytesMax) return;
    }
  }
}

async function* withInserts(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = await Array.fromAsync(content);
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  let position = 0;
  const due = [...inserts];
  for (const piece of pieces) {
    while (due[0] !== undefined && position >= due[0].atShare * total) {
      yield Buffer.from(due[0].text);
      due.shift();
    }
    yield piece;
    position += piece.length;
  }
}
