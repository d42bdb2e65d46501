// How an extension is written down, and what is accepted as one.
import type { Extension } from './contract.ts';

/** Gives its argument back. It is there so that an editor knows the type of what you write. */
export function defineExtension<const E extends Extension>(extension: E): E {
  return extension;
}

/** Why a value is no extension, in words; undefined: it is one. */
export function notAnExtension(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it has no default export';
  const { name, models, renames, seed, participants, setup } = value as Record<string, unknown>;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]{0,39}$/.test(name))
    return 'its name is not made of up to 40 lower case letters, digits, - and _, beginning with a letter';
  if (name === 'core') return 'the name core is taken';
  for (const [key, list] of Object.entries({ models, renames, participants }))
    if (list !== undefined && !Array.isArray(list)) return `its ${key} are no list`;
  for (const [key, called] of Object.entries({ seed, setup }))
    if (called !== undefined && typeof called !== 'function') return `its ${key} is no function`;
  return renamesProblem(renames as readonly unknown[] | undefined);
}

function renamesProblem(renames: readonly unknown[] = []): string | undefined {
  for (const [index, rename] of renames.entries()) {
    const { kind, from, to, table } = Object(rename) as Record<string, unknown>;
    const named = typeof from === 'string' && typeof to === 'string';
    const complete = kind === 'column' ? named && typeof table === 'string' : named;
    if (!complete || !['table', 'column', 'enum', 'schema'].includes(String(kind)))
      return `renames[${index}] needs a kind (table, column, enum or schema), from and to, and for a column its table`;
  }
  return undefined;
}
