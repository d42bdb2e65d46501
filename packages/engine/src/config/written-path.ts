// Paths and globs as they are written in a configuration. A glob is bounded: what braces and stars multiply to would otherwise
// keep every command busy for hours.
import { failure } from '@stillpoint/core';
import path from 'node:path';
import * as z from 'zod';

export const relativePath = z
  .string('a path relative to the project')
  .min(1, 'a path relative to the project, not an empty text')
  .refine((text) => !text.includes('\0'), 'a path without NUL characters')
  .refine(isSimple, 'a glob of at most 3 braces without ranges, 8 stars and no nested groups');

const LONGEST_GLOB = 1024;

function isSimple(text: string): boolean {
  // Anything else is a path, however long.
  if (!/[*?[{]|[@+!]\(/.test(text)) return true;
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  const braces = count(/\{/g);
  return (
    text.length <= LONGEST_GLOB &&
    braces <= 3 &&
    (braces === 0 || count(/,/g) <= 100) &&
    count(/\*+/g) <= 8 &&
    count(/\[/g) <= 8 &&
    !/\([^)]*\(/.test(text) &&
    !/\{[^}]*\.\./.test(text)
  );
}

/** A path or glob within `place` that leads out of it. */
export function refuseAbove(pattern: string, key: string, place: string, file: string): void {
  if (!path.isAbsolute(pattern) && !pattern.split('/').includes('..')) return;
  const expected = `a path or glob inside ${place}`;
  throw failure('CONFIG_INVALID', { file, key, expected, found: JSON.stringify(pattern) });
}
