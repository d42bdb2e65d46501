// The passphrase from a file, a command or a variable: exactly its bytes, or an error that says where it was looked for and never what
// was found.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure, type ProgressEvent } from '@stillpoint/core';
import { readPassphrase } from './compose-passphrase.ts';
import type { ResolvedPassphrase } from './config/index.ts';

const words = 'correct horse battery staple';

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-passphrase-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface Read {
  readonly text: string;
  readonly notes: readonly ProgressEvent[];
}

async function read(from: ResolvedPassphrase, timeoutMs?: number): Promise<Read> {
  const notes: ProgressEvent[] = [];
  const found = await readPassphrase(from, {
    variables: { PATH: process.env['PATH'], KEY: words, EMPTY: '' },
    progress: (event) => notes.push(event),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return { text: Buffer.from(found).toString('latin1'), notes };
}

async function refused(
  from: ResolvedPassphrase,
  reason: RegExp,
  timeoutMs?: number,
): Promise<void> {
  await assert.rejects(read(from, timeoutMs), (error) => {
    assert.ok(isFailure(error, 'VAULT_KEY_UNREADABLE'), String(error));
    assert.match(error.message, reason);
    assert.equal(error.message.includes('horse'), false);
    return true;
  });
}

test('a file: all of its bytes but one line end', async (t) => {
  const file = path.join(await scratch(t), 'key');
  const cases: readonly (readonly [string, string])[] = [
    [words, words],
    [`${words}\n`, words],
    [`${words}\r\n`, words],
    [`${words}\n\n`, `${words}\n`],
    [` two\nlines `, ` two\nlines `],
    ['\0\x01\xff'.repeat(8), '\0\x01\xff'.repeat(8)],
    ['\n', ''],
  ];
  for (const [content, expected] of cases) {
    await writeFile(file, Buffer.from(content, 'latin1'), { mode: 0o600 });
    assert.deepEqual(await read({ file }), { text: expected, notes: [] });
  }
});

test('a file that others may read is taken, and told', async (t) => {
  const file = path.join(await scratch(t), 'key');
  await writeFile(file, words);
  await chmod(file, 0o644);
  const { text, notes } = await read({ file });
  assert.equal(text, words);
  assert.match(JSON.stringify(notes), /mode 0644/);
});

test('no file, a directory, a file without end', async (t) => {
  const directory = await scratch(t);
  await refused({ file: path.join(directory, 'none') }, /none: ENOENT/);
  await refused({ file: directory }, /it is no file/);
  await writeFile(path.join(directory, 'long'), Buffer.alloc(65_537), { mode: 0o600 });
  await refused({ file: path.join(directory, 'long') }, /longer than 65536 bytes/);
});

test('a command: its first line, run where the project is, without a shell', async (t) => {
  const directory = await scratch(t);
  const run = (...command: readonly string[]): Promise<Read> => read({ command, directory });
  assert.equal((await run('printf', '%s\\n', `${words} $HOME`)).text, `${words} $HOME`);
  assert.equal((await run('printf', `${words}\\r\\nlater\\n`)).text, words);
  assert.equal((await run('pwd', '-P')).text, directory);
  assert.equal((await run('sh', '-c', 'printf %s "$KEY"')).text, words);
});

test('a command that fails, says nothing, is not there, or does not end', async (t) => {
  const directory = await scratch(t);
  const run = (script: string): ResolvedPassphrase => ({
    command: ['sh', '-c', script],
    directory,
  });
  await refused(run(`echo ${words}; exit 3`), /from sh: it ended with exit status 3/);
  await refused(run('kill -9 $$'), /SIGKILL/);
  await refused(run('true'), /it said nothing/);
  await refused(run('echo; echo horse'), /it said nothing/);
  await refused(run('head -c 70000 /dev/zero'), /more than 65536 bytes/);
  await refused({ command: ['no-such-program-here'], directory }, /ENOENT/);
  await refused(run('exec sleep 600'), /did not end within 0.05 seconds/, 50);
});

test('a variable that is set, and one that is not', async () => {
  assert.equal((await read({ env: 'KEY' })).text, words);
  await refused({ env: 'EMPTY' }, /the variable EMPTY: it is not set/);
  await refused({ env: 'toString' }, /it is not set/);
});
