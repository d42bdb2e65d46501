// Loads a world from its file. While it is imported, `@stillpoint/sim` means this library to its own modules: so a world needs no
// node_modules to be run, and is never made by another copy of `defineWorld` than the one that runs it.
import { failure, isFailure } from '@stillpoint/core';
import { readFile, realpath } from 'node:fs/promises';
import { registerHooks, type ResolveHookSync } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LoadedWorld, World } from './contract.ts';
import { findWorld, isInside, messageOf } from './discover.ts';

/** Throws WORLD_NOT_FOUND, WORLD_BROKEN and WORLD_ASSET_UNREADABLE, and what `defineWorld` throws. */
export async function loadWorld(directoryOrFile: string): Promise<LoadedWorld> {
  const file = await findWorld(directoryOrFile);
  const directory = path.dirname(file);
  const world = await importWorld(file);
  return { world, file, directory, assets: await readAssets(world, directory) };
}

async function importWorld(file: string): Promise<World> {
  const hooks = registerHooks({ resolve: resolver() });
  let value: unknown;
  try {
    value = ((await import(pathToFileURL(file).href)) as { readonly default?: unknown }).default;
  } catch (cause) {
    // What the definition lacks is said better by itself.
    if (isFailure(cause)) throw cause;
    throw failure('WORLD_BROKEN', { file, reason: messageOf(cause) }, cause);
  } finally {
    hooks.deregister();
  }
  if (isWorld(value)) return value;
  const reason = 'its default export is not what defineWorld gives';
  throw failure('WORLD_BROKEN', { file, reason });
}

function resolver(): ResolveHookSync {
  // Built, it lies beside this file.
  const own = import.meta.url.endsWith('.ts') ? '../index.ts' : './index.js';
  const library = new URL(own, import.meta.url).href;
  return (specifier, context, next) => {
    if (specifier !== '@stillpoint/sim' || !isOwnModule(context.parentURL))
      return next(specifier, context);
    return { ...next(library, context), shortCircuit: true };
  };
}

/** A module of the world itself, wherever it lies, and not of a package that it brought along. */
function isOwnModule(parent: string | undefined): boolean {
  return parent !== undefined && !parent.includes('/node_modules/');
}

function isWorld(value: unknown): value is World {
  if (typeof value !== 'object' || value === null) return false;
  const { ir, definition, definedAt } = value as Partial<World>;
  return ir?.version === 1 && typeof definition === 'object' && typeof definedAt === 'string';
}

async function readAssets(world: World, directory: string): Promise<LoadedWorld['assets']> {
  const assets: Record<string, Uint8Array> = {};
  for (const { name, path: relative } of world.ir.assets) {
    const file = path.join(directory, ...relative.split('/'));
    try {
      const real = await realpath(file);
      // A symbolic link may lead anywhere.
      if (!isInside(directory, real)) throw new Error(`it leads out of ${directory}`);
      assets[name] = await readFile(real);
    } catch (cause) {
      const data = { asset: name, file, reason: messageOf(cause) };
      throw failure('WORLD_ASSET_UNREADABLE', data, cause);
    }
  }
  return assets;
}
