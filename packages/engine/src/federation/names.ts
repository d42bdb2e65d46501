// What is special to names that git tells: how it lists them, which of them are safe to write, and where one member lies in
// another. Names themselves are those of ../file-tree.
import path from 'node:path';
import { isSafeName, nameOfText, type ByteName } from '../file-tree/index.ts';

/** Splits NUL-terminated output. */
export function splitNames(output: Buffer): ByteName[] {
  const parts = output.toString('latin1').split('\0');
  if (parts.at(-1) === '') parts.pop();
  return parts as ByteName[];
}

/** Whether a name read from a record may be written below a member: nothing in a repository's own directory. */
export function isSafeMemberName(name: ByteName): boolean {
  return isSafeName(name) && name.split('/').every((part) => foldCase(part) !== '.git');
}

/** Some file systems take `.GIT` for `.git`. */
function foldCase(part: string): string {
  return process.platform === 'linux' ? part : part.toLowerCase();
}

/** `path` of a member relative to another directory of the project, as names; undefined if it is not below it. */
export function memberBelow(outer: string, inner: string): ByteName | undefined {
  if (outer === inner) return undefined;
  if (outer === '.') return nameOfText(inner);
  return inner.startsWith(`${outer}/`) ? nameOfText(path.posix.relative(outer, inner)) : undefined;
}
