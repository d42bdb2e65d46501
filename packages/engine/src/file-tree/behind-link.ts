// What lies behind a symbolic link may be anybody's, and another project restored from this one would write to the same place.
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

/**
 * Where `place`, below `project`, really is, if a link on the way leads elsewhere; undefined if none does. Of what is not
 * there, what there is of the way to it.
 */
export async function targetBehindLink(
  place: string,
  project: string,
): Promise<string | undefined> {
  const root = await realpath(project);
  let there = place;
  while (there !== project && (await isAbsent(there))) there = path.dirname(there);
  const target = await realpath(there).catch((error: NodeJS.ErrnoException) => {
    // A link to nothing: what is written there makes what it leads to.
    if (error.code === 'ENOENT' || error.code === 'ELOOP') return there;
    throw error;
  });
  const dangles = target === there && (await lstat(there)).isSymbolicLink();
  return dangles || target !== path.join(root, path.relative(project, there)) ? target : undefined;
}

async function isAbsent(place: string): Promise<boolean> {
  return (await lstat(place).catch(() => undefined)) === undefined;
}
