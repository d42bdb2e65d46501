// git-lfs keeps the real content of large files beside the repository, named by its SHA-256. All that is on this machine is
// captured, because the commits name it; what was never fetched is not here to be lost.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { ObjectSink } from '../sources/contract.ts';
import type { GitRecord } from './record.ts';
import type { Repository } from './repository.ts';
import { settingOf } from './settings.ts';

export function largeFileDirectory(
  repository: Pick<Repository, 'commonDirectory' | 'settings'>,
): string {
  const storage = settingOf(repository.settings, 'lfs.storage') ?? 'lfs';
  return path.resolve(repository.commonDirectory, storage, 'objects');
}

export function largeFilePath(directory: string, id: string): string {
  return path.join(directory, id.slice(0, 2), id.slice(2, 4), id);
}

export async function captureLargeFiles(
  repository: Repository,
  sink: ObjectSink,
  before: GitRecord | undefined,
  signal: AbortSignal,
): Promise<GitRecord['lfs']> {
  const directory = largeFileDirectory(repository);
  const known = new Map(before?.lfs.map(({ id, content }) => [id, content]));
  const files: GitRecord['lfs'] = [];
  for (const id of await listLargeFiles(directory)) {
    signal.throwIfAborted();
    files.push({
      id,
      content: known.get(id) ?? (await storeLargeFile(repository, directory, id, sink)),
    });
  }
  return files;
}

export async function listLargeFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  return names
    .map((name) => path.basename(name))
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .toSorted();
}

async function storeLargeFile(
  repository: Repository,
  directory: string,
  id: string,
  sink: ObjectSink,
) {
  const hash = createHash('sha256');
  async function* hashing(): AsyncGenerator<Buffer> {
    for await (const piece of createReadStream(largeFilePath(directory, id))) {
      hash.update(piece as Buffer);
      yield piece as Buffer;
    }
  }
  const content = await sink.writeStream(hashing());
  if (hash.digest('hex') !== id) {
    throw failure('MEMBER_DAMAGED', {
      member: repository.workTree,
      what: `the git-lfs object ${id} does not match its name`,
    });
  }
  return { ...content };
}
