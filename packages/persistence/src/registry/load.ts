// Loads the extensions of the members. While a module is loaded a resolve hook answers for its own imports: `@stillpoint/persistence`
// (and `/models`) means this library and `drizzle-orm` the Drizzle that this library was made for. So an extension needs no node_modules to be
// loaded, and its models cannot be of a version that the planner does not understand.
import { failure } from '@stillpoint/core';
import { registerHooks, type ResolveHookSync } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ChamberPart } from '../chambers/contract.ts';
import type { Extension, Federation, MemberDirectory } from './contract.ts';
import { notAnExtension } from './define.ts';
import { findExtension, unreadable, type FoundExtension } from './discover.ts';
import { registerExtensions, type LoadedExtension } from './register.ts';

export interface LoadFederationOptions {
  /** The library's own parts, whose tables no extension may claim. */
  readonly parts?: readonly ChamberPart[];
}

/** Finds, imports and sets up the extensions of all members, in whatever order they are given. Rejects with the MODEL_ codes. */
export async function loadFederation(
  members: readonly (string | MemberDirectory)[],
  options: LoadFederationOptions = {},
): Promise<Federation> {
  const found = new Map<string, FoundExtension>();
  for (const member of members) {
    const one = await findExtension(typeof member === 'string' ? { directory: member } : member);
    if (one !== undefined) found.set(one.file, one);
  }
  return await loadExtensions([...found.values()], options);
}

/** The same for files that were found before: what the planner's process does. */
export async function loadExtensions(
  found: readonly FoundExtension[],
  options: LoadFederationOptions = {},
): Promise<Federation> {
  const loaded: LoadedExtension[] = [];
  // One extension may import the models of another, to refer to them.
  const roots = found.map(({ directory }) => pathToFileURL(directory + path.sep).href);
  const hooks = registerHooks({ resolve: resolver(roots) });
  try {
    for (const one of found) loaded.push({ ...one, extension: await importExtension(one.file) });
  } finally {
    hooks.deregister();
  }
  return await registerExtensions(loaded, options.parts);
}

function resolver(roots: readonly string[]): ResolveHookSync {
  // Built, it lies beside this file.
  const [place, ending] = import.meta.url.endsWith('.ts') ? ['..', 'ts'] : ['.', 'js'];
  const own = new Map(
    [
      ['@stillpoint/persistence', 'index'],
      ['@stillpoint/persistence/models', 'models'],
    ].map(([name, file]) => [name, new URL(`${place}/${file}.${ending}`, import.meta.url).href]),
  );
  return (specifier, context, next) => {
    if (!roots.some((root) => isOwnModule(context.parentURL, root)))
      return next(specifier, context);
    const ours = own.get(specifier);
    if (ours !== undefined) return { ...next(ours, context), shortCircuit: true };
    const drizzle = specifier === 'drizzle-orm' || specifier.startsWith('drizzle-orm/');
    return next(specifier, drizzle ? { ...context, parentURL: import.meta.url } : context);
  };
}

async function importExtension(file: string): Promise<Extension> {
  let value: unknown;
  try {
    value = ((await import(pathToFileURL(file).href)) as { readonly default?: unknown }).default;
  } catch (error) {
    throw unreadable(file, error);
  }
  const reason = notAnExtension(value);
  if (reason !== undefined) throw failure('MODEL_EXTENSION_INVALID', { file, reason });
  return value as Extension;
}

/** A file of the extension itself, not of a package that it brought along. */
function isOwnModule(parent: string | undefined, root: string): boolean {
  if (parent === undefined || !parent.startsWith(root)) return false;
  return !parent.slice(root.length).includes('node_modules/');
}
