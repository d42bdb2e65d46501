import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure } from './error.ts';
import { withoutPasswords } from './redact.ts';

test('a password of a URL is hidden, the rest is not', () => {
  for (const [text, expected] of [
    ['postgresql://shop:s3cret@db:5432/shop', 'postgresql://shop:***@db:5432/shop'],
    ['no answer from redis://:s3cret@h, twice', 'no answer from redis://:***@h, twice'],
    ['postgres://u:s3@cr/et@h/d', 'postgres://u:***@h/d'],
    ['"http://u:s3cret@h" and "ftp://v:s3cret@h"', '"http://u:***@h" and "ftp://v:***@h"'],
    ['postgresql://h/d?user=u&password=s3cret&x=1', 'postgresql://h/d?user=u&password=***&x=1'],
    ["host=h password=s3cret dbname='d'", "host=h password=*** dbname='d'"],
    ['http://127.0.0.1:3000/suspend', 'http://127.0.0.1:3000/suspend'],
    ['git@github.com:a/b.git', 'git@github.com:a/b.git'],
    ['ssh://git@host:22/x', 'ssh://git@host:22/x'],
  ] as const)
    assert.equal(withoutPasswords(text), expected);
});

test('an error does not repeat a password, whatever it is given', () => {
  const cause = new Error('connect postgresql://u:s3cret@h');
  const error = failure('REF_UNKNOWN', { ref: 'postgresql://u:s3cret@h' }, cause);
  assert.doesNotMatch(error.message, /s3cret/);
  assert.doesNotMatch(JSON.stringify(error), /s3cret/);
});
