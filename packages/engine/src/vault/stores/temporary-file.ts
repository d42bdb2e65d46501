// Half-written objects of the directory store: `tmp/<place>-<pid>-<start>-<random>`. The name says who writes, so
// that what a killed writer left can be removed, and what a living one writes is not. `place` stands for boot and
// pid namespace: pids of another container or machine mean nothing here, and its files go only when a day old (losing one
// in flight would cost its writer an error, never data).
import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { identifyProcess, ownIdentity, type ProcessIdentity } from '@stillpoint/core';

const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;
const pattern = /^([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-[0-9a-f]{16}$/;

let own: string | undefined;

export function newTemporaryName(): string {
  own ??= writerName(ownIdentity());
  return `${own}-${randomBytes(8).toString('hex')}`;
}

/** Removes what dead writers left in `directory`. Never rejects: leftovers only cost space. */
export async function sweepTemporaryFiles(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const file = path.join(directory, name);
    if (await isAbandoned(file, name)) await unlink(file).catch(() => {});
  }
}

async function isAbandoned(file: string, name: string): Promise<boolean> {
  const match = pattern.exec(name);
  if (match === null) return false;
  const [, writerPlace, pid, start] = match;
  const here = ownIdentity();
  if (writerPlace === place(here)) {
    const writer = identifyProcess(Number(pid));
    return writer === undefined || short(writer.startedAt) !== start;
  }
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS;
}

function writerName(identity: ProcessIdentity): string {
  return `${place(identity)}-${identity.pid}-${short(identity.startedAt)}`;
}

function place(identity: ProcessIdentity): string {
  return short(`${identity.boot} ${pidNamespace()}`);
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return 'none';
  }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
