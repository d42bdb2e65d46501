// The command in its built form, for the hundreds of it that the tests run: as processes, or within their own, where it starts threads
// and processes in its turn. Each begins in half the processor time, or less. What is built is what is tested then, as people have it;
// the tests of the rooms run the sources, and what those start does too.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { findBuilt, listSources } from '../../packages/stillpoint/bin/find-built.js';
import { buildPackage } from '../build/package.ts';
import { published, type Published } from '../build/published.ts';

/** Beside the command: what runs it within a process that is there already. It is not published. */
const withProgram = (one: Published): Published =>
  'main' in one.entries
    ? { ...one, entries: { ...one.entries, program: 'packages/stillpoint/src/cli/program.ts' } }
    : one;

/** Nothing is done where it is up to date. A source that changes during the run is run at once: the launcher looks. */
export async function buildCommand(): Promise<void> {
  const built = findBuilt();
  if (built !== undefined && existsSync(path.join(path.dirname(built), 'program.js'))) return;
  const sources = listSources();
  // As `npm run build`, without the types of the libraries: nothing that is run needs them, and packing makes them.
  for (const one of published)
    await buildPackage(withProgram(one), path.join(one.directory, 'dist'), {
      types: false,
      sources,
    });
}
