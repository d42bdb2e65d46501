// npm run docs: writes the reference pages that are made from the code. With --check it writes nothing and fails when one
// is not what the code says.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { references } from './reference/pages.ts';
import { ROOT } from './tidy/source-files.ts';

const check = process.argv.includes('--check');
let stale = 0;
for (const page of references()) {
  const file = path.join(ROOT, page.file);
  if (readOrNothing(file) === page.text) continue;
  if (check) {
    stale++;
    console.error(`${page.file} is not what the code says; npm run docs makes it.`);
  } else {
    writeFileSync(file, page.text);
    console.log(`wrote ${page.file}`);
  }
}
process.exitCode = stale === 0 ? 0 : 1;

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
