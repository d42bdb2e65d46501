import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatLsn,
  historyFileName,
  parseLsn,
  segmentFileName,
  segmentNumber,
  segmentStart,
} from './lsn.ts';

const MIB16 = 16 * 1024 * 1024;

test('positions read and write as Postgres does', () => {
  for (const text of ['0/0', '0/3000028', '1/0', 'FFFFFFFF/FFFFFFFF']) {
    assert.equal(formatLsn(parseLsn(text)), text);
  }
  assert.ok(parseLsn('1/0') > parseLsn('0/FFFFFFFF'));
  for (const text of ['', '1', '1/', '/1', '1/G', '1/123456789', ' 1/1']) {
    assert.throws(() => parseLsn(text), TypeError);
  }
});

test('segments have the names that the server asks for', () => {
  const name = (lsn: string, size = MIB16) =>
    segmentFileName(1, segmentNumber(parseLsn(lsn), size), size);
  assert.equal(name('0/3000028'), '000000010000000000000003');
  assert.equal(name('1/0'), '000000010000000100000000');
  assert.equal(name('2/FF000000'), '0000000100000002000000FF');
  assert.equal(name('1/40000000', 1024 ** 3), '000000010000000100000001');
  assert.equal(historyFileName(26), '0000001A.history');
  assert.equal(formatLsn(segmentStart(parseLsn('0/3FFFFFF'), MIB16)), '0/3000000');
});
