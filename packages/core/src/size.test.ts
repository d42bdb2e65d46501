import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize, sizeText } from './size.ts';

test('thousands and 1024s are told apart, in any case, with or without B', () => {
  assert.equal(parseSize('512MB'), 512_000_000);
  assert.equal(parseSize('512 mib'), 536_870_912);
  assert.equal(parseSize('1.5 GiB'), 1_610_612_736);
  assert.equal(parseSize('64k'), 64_000);
  assert.equal(parseSize('64Ki'), 65_536);
  assert.equal(parseSize(' 2T '), 2e12);
  assert.equal(parseSize('7b'), 7);
  assert.equal(parseSize('0.5kB'), 500);
});

test('what is no size', () => {
  const none = ['', '64', '-1MB', '+1MB', '1e3MB', '1,5GB', '.5GB', '5.GB', '1 G iB', 'MB', '1iB'];
  for (const text of [...none, '1PB', '1GBs', '0x10B', 'NaNB', '9999999TB', `${'9'.repeat(400)}B`])
    assert.equal(parseSize(text), undefined, text);
});

test('a size is written so that it is read back the same', () => {
  assert.equal(sizeText(4 * 1024 ** 3), '4GiB');
  assert.equal(sizeText(512e6), '512MB');
  assert.equal(sizeText(1000), '1kB');
  assert.equal(sizeText(1024), '1KiB');
  assert.equal(sizeText(1536), '1536B');
  assert.equal(sizeText(0), '0B');
  for (const bytes of [0, 1, 999, 1000, 1024, 64_000, 65_536, 2e12, 1024 ** 4, 123_456_789]) {
    assert.equal(parseSize(sizeText(bytes)), bytes);
  }
});
