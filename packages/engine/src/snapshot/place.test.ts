// A place out of a manifest is inside the project, whoever wrote the manifest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlace } from './place.ts';

test('a place that leads out of the project, or into what is not data, is none', () => {
  for (const place of ['uploads', 'a/b c/d', '.data', 'a..b']) assert.ok(isPlace(place), place);
  const others = [
    '',
    '.',
    '/etc',
    '..',
    '../x',
    'a/../../x',
    'a/../..',
    './',
    'a/.git',
    '.stillpoint',
  ];
  for (const place of others) assert.ok(!isPlace(place), place);
});
