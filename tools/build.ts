// npm run build: makes the `dist` of each published package, which is what `stillpoint` runs from then on, until a source changes.
import path from 'node:path';
import { listSources } from '../packages/stillpoint/bin/find-built.js';
import { buildPackage } from './build/package.ts';
import { persistence, sim, stillpoint } from './build/published.ts';

const sources = listSources();
// The command last: it looks at its own sources.txt for all.
for (const one of [persistence, sim, stillpoint])
  await buildPackage(one, path.join(one.directory, 'dist'), { types: true, sources });
