// npm run build: makes packages/stillpoint/dist, what is published and what `stillpoint` runs from then on, until a source changes.
import path from 'node:path';
import { buildPackage, PACKAGE } from './build/package.ts';

await buildPackage(path.join(PACKAGE, 'dist'), { types: true });
