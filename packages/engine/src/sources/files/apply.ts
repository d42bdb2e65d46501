// Brings the live directory to a listing, name by name. Every step looks before it acts, so the whole can be repeated after
// dying anywhere: what is right is left alone, files are put in their place by one rename each, and what no snapshot holds stays.
// Why not one rename of the whole directory:
// docs/decisions/0009-restore-a-directory-name-by-name.md
import { chmodSync, mkdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { syncFileSystem, type ByteName, type FsPath } from '../../file-tree/index.ts';
import type { SwitchContext } from '../contract.ts';
import type { FilesContext } from './context.ts';
import { giveMetadata, hasMetadata, isOurs, type Metadata } from './metadata.ts';
import { placeEntry } from './place-entry.ts';
import type { FilesPlacement } from './staged.ts';
import { beginWork, guard, withAccess, type Work } from './switch-work.ts';
import { entryStat } from './walk.ts';

/** Resolves to what was kept for the person. */
export async function switchTo(
  context: FilesContext,
  placement: FilesPlacement,
  options: SwitchContext,
): Promise<readonly string[]> {
  const work = await beginWork(context, placement, options);
  await removeWhatGoes(work);
  await makeDirectories(work);
  for (const entry of work.wanted.values()) {
    if (entry.type !== 'directory') await guard(work, entry.path, () => placeEntry(work, entry));
  }
  await finishDirectories(work);
  await syncFileSystem(work.directory);
  return work.late.kept;
}

/** Files and links first, then the directories that this empties, inner ones first. */
async function removeWhatGoes(work: Work): Promise<void> {
  const { live, wanted, staged } = work;
  if (staged.holds === 'fresh') return;
  const goes = [...live].filter(([name, { kind }]) => {
    const type = wanted.get(name)?.type;
    if (kind === 'directory') return type !== 'directory';
    return kind !== 'special' && (type === undefined || type === 'directory');
  });
  for (const [name, { kind }] of goes) {
    if (kind !== 'directory') await guard(work, name, () => removeFile(work, name));
  }
  const directories = goes.filter(([, { kind }]) => kind === 'directory').map(([name]) => name);
  for (const name of directories.toSorted().toReversed())
    await guard(work, name, () => removeDirectory(work, name));
}

async function removeFile(work: Work, name: ByteName): Promise<void> {
  const current = entryStat(work.at(name));
  if (current === undefined) return;
  if (work.late.isHeld(name, current)) await remove(work, name, unlinkSync);
  else work.late.leave(name);
}

async function remove(work: Work, name: ByteName, action: (at: FsPath) => void): Promise<void> {
  await work.step(name);
  try {
    withAccess(work, name, () => action(work.at(name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** One that still holds something which no snapshot has stays where nothing else is to be in its place. */
async function removeDirectory(work: Work, name: ByteName): Promise<void> {
  try {
    await remove(work, name, rmdirSync);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (work.wanted.has(name) || (code !== 'ENOTEMPTY' && code !== 'EEXIST')) throw error;
  }
}

async function makeDirectories(work: Work): Promise<void> {
  for (const { type, path: name } of work.wanted.values()) {
    if (type !== 'directory' || entryStat(work.at(name))?.kind === 'directory') continue;
    await guard(work, name, async () => {
      await work.step(name);
      withAccess(work, name, () => mkdirSync(work.at(name), { mode: 0o700 }));
    });
  }
}

/** Last, inner ones first: some do not let anybody write, and each change in one changes its time. */
async function finishDirectories(work: Work): Promise<void> {
  const { wanted, opened, staged } = work;
  const directories = [...wanted.values()].filter(({ type }) => type === 'directory');
  for (const [name, mode] of opened) {
    if (name === undefined || wanted.has(name)) continue;
    if (entryStat(work.at(name)) !== undefined) chmodSync(work.at(name), mode);
  }
  for (const entry of directories.toReversed()) {
    await guard(work, entry.path, async () => {
      const at = work.at(entry.path);
      const current = entryStat(at);
      if (current?.kind !== 'directory' || !isOurs(current) || hasMetadata(current, entry)) return;
      await work.step(entry.path);
      giveMetadata(at, entry, 'other');
    });
  }
  const { mtime, ...root } = staged.record.root;
  const metadata: Metadata = { ...root, mtimeNs: BigInt(mtime) };
  const current = entryStat(work.directory)!;
  if (isOurs(current) && !hasMetadata(current, metadata))
    giveMetadata(work.directory, metadata, 'other');
}
