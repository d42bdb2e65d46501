// The error catalogue, held from both sides: every code is thrown somewhere, everything thrown is in it, every
// placeholder is a word, and the page that describes it is the table's own.
import { catalogue, exitCodes, failure, type ErrorCode } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { references } from './reference/pages.ts';
import { readSources, ROOT } from './tidy/source-files.ts';

const codes = Object.keys(catalogue) as ErrorCode[];
const product = readSources().filter(
  (file) => file.path.startsWith('packages/') && !file.path.endsWith('.test.ts'),
);
const code = product.filter((file) => !file.path.includes('errors/catalogue'));

test('each code is used somewhere', () => {
  // Thrown by the launcher, which is plain JavaScript and reads no catalogue.
  const elsewhere = new Set<string>(['NODE_TOO_OLD']);
  const unused = codes.filter(
    (one) => !elsewhere.has(one) && !code.some((file) => file.code.includes(`'${one}'`)),
  );
  assert.deepEqual(unused, []);
});

test('each code that is thrown is in the catalogue', () => {
  const unknown = code.flatMap((file) =>
    [...file.code.matchAll(/\bfailure\(\s*'([A-Z_]+)'/g)].flatMap(([, name = '']) =>
      Object.hasOwn(catalogue, name) ? [] : [`${file.path}: ${name}`],
    ),
  );
  assert.deepEqual(unknown, []);
});

for (const one of codes) {
  test(`${one} speaks in whole sentences and has an exit status`, () => {
    const { message, hint, exit } = catalogue[one];
    assert.match(message, /^([A-Z{"]|git ).*([.?!)]|\}"?)$/s, 'a sentence');
    assert.notEqual(hint, '', 'says what to do');
    assert.ok((Object.values(exitCodes) as number[]).includes(exit));
    assert.match(one, /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$|^[A-Z]+$/);
  });
}

test('placeholders are filled, and what is missing stays visible', () => {
  const error = failure('REF_UNKNOWN', { ref: 'x' });
  assert.equal(error.message, 'No snapshot is called "x".');
  assert.equal(error.exitCode, exitCodes.notFound);
});

test('the launcher speaks as the catalogue does', async () => {
  // Plain JavaScript without types, for Nodes that cannot strip them.
  const launcher = new URL('../packages/stillpoint/bin/find-node.js', import.meta.url).href;
  const { nodeTooOld } = (await import(launcher)) as { nodeTooOld: (version: string) => string };
  const text = nodeTooOld('v20.1.0');
  assert.ok(
    text.includes(`NODE_TOO_OLD: ${catalogue.NODE_TOO_OLD.message.replace('{version}', '20.1.0')}`),
  );
});

for (const page of references()) {
  test(`${page.file} is what the code says (npm run docs makes it)`, () => {
    assert.equal(readFileSync(path.join(ROOT, page.file), 'utf8'), page.text);
  });
}
