// Directories that look like what users uploaded: named so, not in git, and not empty.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FoundUploads } from './contract.ts';
import type { Names } from './naming.ts';
import type { Repositories } from './repositories.ts';

export interface Candidate {
  readonly path: string;
  /** A file in it: whether git ignores the content is asked of a file, for the directory itself may hold a .gitkeep. */
  readonly sample: string;
  readonly files: number;
}

const enough = 1000;
const deepest = 6;

export async function findCandidates(
  directory: string,
  directories: readonly string[],
): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  for (const place of directories) {
    if (found.some((outer) => place.startsWith(`${outer.path}/`))) continue;
    const files: string[] = [];
    await collect(directory, place, files, 0);
    if (files[0] !== undefined) found.push({ path: place, sample: files[0], files: files.length });
  }
  return found;
}

/** Without what must not lie in a files source: another source, a repository. */
export function chooseUploads(
  candidates: readonly Candidate[],
  stateOf: Repositories['stateOf'],
  taken: readonly string[],
  names: Names,
): readonly FoundUploads[] {
  return candidates
    .filter(({ sample }) => ['ignored', 'outside'].includes(stateOf(sample)))
    .filter((one) => !taken.some((place) => `${place}/`.startsWith(`${one.path}/`)))
    .map((one) => {
      const above = path.posix.basename(path.posix.dirname(one.path));
      const base = path.posix.basename(one.path);
      return { name: names.take(base, `${above}-${base}`), path: one.path, files: one.files };
    });
}

async function collect(
  directory: string,
  place: string,
  files: string[],
  depth: number,
): Promise<void> {
  const entries = await readdir(path.join(directory, place), { withFileTypes: true }).catch(
    () => [],
  );
  for (const entry of entries) {
    if (files.length >= enough) return;
    const at = `${place}/${entry.name}`;
    if (entry.isFile() && !entry.name.startsWith('.')) files.push(at);
    else if (entry.isDirectory() && depth < deepest) await collect(directory, at, files, depth + 1);
  }
}
