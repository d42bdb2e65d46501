// Directories of runs of simulations: by the names of their checkpoints, which nothing else has.
import path from 'node:path';
import type { FoundRuns } from './contract.ts';
import type { Names } from './naming.ts';
import type { Repositories } from './repositories.ts';

export interface RunsPlace {
  readonly path: string;
  /** One of the checkpoints, of which git is asked. */
  readonly sample: string;
  readonly runs: number;
}

/** `files` are checkpoints: `checkpoints/terra-…/checkpoint_0000000100.ckpt`. */
export function placesOfRuns(files: readonly string[]): readonly RunsPlace[] {
  const places = new Map<string, { readonly sample: string; readonly runs: Set<string> }>();
  for (const file of files) {
    const run = path.posix.dirname(file);
    const place = path.posix.dirname(run);
    // Of the project itself no part can be a source.
    if (place === '.') continue;
    const known = places.get(place) ?? { sample: file, runs: new Set() };
    known.runs.add(run);
    places.set(place, known);
  }
  return [...places].map(([at, { sample, runs }]) => ({ path: at, sample, runs: runs.size }));
}

export function chooseRuns(
  places: readonly RunsPlace[],
  stateOf: Repositories['stateOf'],
  names: Names,
): readonly FoundRuns[] {
  return places.map(({ path: at, sample, runs }) => {
    const base = path.posix.basename(at);
    const above = path.posix.basename(path.posix.dirname(at));
    return {
      name: names.take(base, `${above}-${base}`),
      path: at,
      runs,
      likely: ['ignored', 'outside'].includes(stateOf(sample)),
    };
  });
}
