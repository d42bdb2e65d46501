// Opens a lens: finds its files, and reads of the first that can be read what all of them have in common.
import { failure } from '@stillpoint/core';
import { parseManifest, type Dropped } from '../record/index.ts';
import type { Lens, LensPlace, ReadOptions } from './contract.ts';
import { OpenParts } from './open-parts.ts';
import { damageIn, partFiles, type Part, type PartFile } from './parts.ts';
import { PlacedLens } from './placed-lens.ts';

/**
 * Throws LENS_EMPTY where there is no file, and what is wrong with the first that cannot be read; with `damaged` given LENS_DAMAGED, where
 * none of them can.
 */
export async function openLens(place: LensPlace, options: ReadOptions = {}): Promise<Lens> {
  const names = await place.list(options.signal);
  const files = partFiles(names);
  const parts = new OpenParts(place);
  try {
    const facts = await firstFacts(place, parts, files, options);
    const dropped = names.includes('manifest.json') ? await droppedIn(place, options.signal) : [];
    return new PlacedLens(place, parts, files, facts, dropped);
  } catch (error) {
    await parts[Symbol.asyncDispose]();
    throw error;
  }
}

/** All parts of one run have the same fields: the first that can be read tells them. */
async function firstFacts(
  place: LensPlace,
  parts: OpenParts,
  files: readonly PartFile[],
  { damaged, signal }: ReadOptions,
): Promise<Part['facts']> {
  const unreadable: { readonly name: string; readonly error: unknown; readonly reason: string }[] =
    [];
  const tell = (): void => unreadable.forEach(({ reason }) => damaged?.(reason));
  for (const file of files) {
    try {
      const facts = await parts.use(file, signal ? { signal } : {}, async (part) => part.facts);
      if (facts === undefined) continue;
      tell();
      return facts;
    } catch (error) {
      if (damaged === undefined) throw error;
      unreadable.push({ name: file.name, error, reason: damageIn(error) });
    }
  }
  const [first, ...more] = unreadable;
  if (first === undefined) throw failure('LENS_EMPTY', { path: place.name });
  // What is wrong with a file says more than that something is.
  if (more.length === 0) throw first.error;
  tell();
  const names = unreadable.map(({ name }) => name).join(', ');
  throw failure('LENS_DAMAGED', {
    path: place.name,
    reason: `none of its files can be read (${names})`,
  });
}

async function droppedIn(place: LensPlace, signal?: AbortSignal): Promise<readonly Dropped[]> {
  await using source = await place.open('manifest.json', signal);
  const bytes = await source.read(0, source.sizeBytes, signal);
  return parseManifest(new TextDecoder().decode(bytes))?.dropped ?? [];
}
