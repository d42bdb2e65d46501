// Says before anything is paused what a capture would take and what it leaves out. What cannot be read is refused by begin().
import { showName } from '../../file-tree/index.ts';
import type { Probe } from '../contract.ts';
import type { FilesContext } from './context.ts';

const shownNames = 3;

export async function probeDirectory(context: FilesContext, signal: AbortSignal): Promise<Probe> {
  await context.check();
  const tree = await context.walk(context.exclusions(), signal);
  const cache = await context.openCache();
  const specials: string[] = [];
  let bytesTotal = 0;
  let bytesNext = 0;
  for (const [name, stat] of tree) {
    if (stat.kind === 'special') specials.push(showName(name));
    if (stat.kind !== 'file') continue;
    bytesTotal += stat.sizeBytes;
    if (cache.lookup(name, stat) === undefined) bytesNext += stat.sizeBytes;
  }
  const notes: string[] = [];
  if (specials.length > 0) {
    const more = specials.length > shownNames ? ', ...' : '';
    const shown = specials.slice(0, shownNames).join(', ');
    notes.push(`sockets, pipes and devices are left out: ${shown}${more}`);
  }
  return { strategy: 'files', bytesTotal, bytesNext, notes };
}
