// Which user made the project's cluster, noted in the project's state directory. Root keeps clusters elsewhere than
// ordinary users do: without the note, a `sudo` by habit would find no database, make an empty one and take
// snapshots of that.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { failure, removeFileDurable, writeFileAtomic } from '@stillpoint/core';

interface Claim {
  readonly uid: number;
  readonly user: string;
}

export async function claim(stateDirectory: string): Promise<void> {
  assertOurs(stateDirectory);
  if (readClaim(stateDirectory) !== undefined) return;
  const note: Claim = { uid: ownUid(), user: ownName() };
  await writeFileAtomic(fileOf(stateDirectory), JSON.stringify(note), { mode: 0o644 });
}

export function assertOurs(stateDirectory: string): void {
  const found = readClaim(stateDirectory);
  if (found === undefined || found.uid === ownUid()) return;
  throw failure('POSTGRES_OTHER_USER', { owner: found.user, user: ownName() });
}

export async function unclaim(stateDirectory: string): Promise<void> {
  await removeFileDurable(fileOf(stateDirectory));
}

function fileOf(stateDirectory: string): string {
  return path.join(stateDirectory, 'postgres-user.json');
}

function readClaim(stateDirectory: string): Claim | undefined {
  const file = fileOf(stateDirectory);
  try {
    const { uid, user } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Claim>;
    if (typeof uid === 'number') return { uid, user: user ?? `uid ${uid}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure('POSTGRES_FILE_DAMAGED', { file, reason: 'unreadable' }, error);
  }
  throw failure('POSTGRES_FILE_DAMAGED', { file, reason: 'it does not hold what it should' });
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}

/** A container may run us under a uid without a name. */
function ownName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return `uid ${ownUid()}`;
  }
}
