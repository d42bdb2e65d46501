// npm run build: makes the `dist` of each published package, which is what `stillpoint` runs from then on, until a source changes.
import path from 'node:path';
import { listSources } from '../packages/stillpoint/bin/find-built.js';
import { buildPackage } from './build/package.ts';
import { published } from './build/published.ts';

const sources = listSources();
for (const one of published)
  await buildPackage(one, path.join(one.directory, 'dist'), { types: true, sources });
