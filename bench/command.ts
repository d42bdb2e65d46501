// The command that is measured: what people run, built from these sources, packed and installed in the benchmark's own directory.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { installBuilt } from '../tools/build/install.ts';
import type { Place } from './place.ts';

/** Once a place. Resolves to the file that Node is to run. */
export async function installCommand(place: Place): Promise<string> {
  place.say('building the command');
  const directory = path.join(place.directory, 'installed');
  await mkdir(directory);
  return await installBuilt(directory);
}
