// Where the user's cache is, and that nobody else's home is touched.
import assert from 'node:assert/strict';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { cacheDirectory } from './cache-directory.ts';

const isRoot = process.getuid?.() === 0;

function placeOf(t: TestContext): string {
  const place = mkdtempSync(path.join(tmpdir(), 'stillpoint-cache-'));
  t.after(() => rmSync(place, { recursive: true }));
  return place;
}

test('an XDG_CACHE_HOME that does not exist is made, for its owner alone', (t) => {
  const named = path.join(placeOf(t), 'not', 'there');
  const found = cacheDirectory({ XDG_CACHE_HOME: named }, 'node');
  assert.equal(found, path.join(named, 'stillpoint', 'node'));
  for (const directory of [named, path.dirname(named)]) {
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  }
  assert.equal(cacheDirectory({ XDG_CACHE_HOME: named }, 'node'), found);
});

test('one that is relative says nothing, and one that cannot be made means no cache', (t) => {
  const usual = cacheDirectory({}, 'node');
  assert.ok(usual === undefined || usual.startsWith(homedir()));
  assert.equal(cacheDirectory({ XDG_CACHE_HOME: 'cache' }, 'node'), usual);
  const file = path.join(placeOf(t), 'file');
  writeFileSync(file, '');
  for (const named of [file, path.join(file, 'x')]) {
    assert.equal(cacheDirectory({ XDG_CACHE_HOME: named }, 'node'), undefined);
  }
});

test(
  'in the home of somebody else nothing is made (sudo)',
  { skip: !isRoot && 'only root can give a directory away' },
  (t) => {
    const home = path.join(placeOf(t), 'home');
    mkdirSync(home);
    chownSync(home, 12345, 12345);
    for (const named of [home, path.join(home, '.cache')]) {
      assert.equal(cacheDirectory({ XDG_CACHE_HOME: named }, 'node'), undefined);
    }
    assert.deepEqual(readdirSync(home), []);
  },
);
