// Directories are made with those above them, or refused at once.
// A line is appended whole or not at all, also where the disk is full: the lines of a journal must not run into each other.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { makeDirectory } from './atomic-file.ts';

const module = new URL('./atomic-file.ts', import.meta.url).href;
const program = `
  import { appendLineDurable } from ${JSON.stringify(module)};
  const append = (line) => appendLineDurable(process.argv[1], line);
  await append('first');
  await append('x'.repeat(4096)).catch((error) => console.log(error.code));
  await append('second');
`;

test('a line that did not fit leaves nothing behind: the next one stands alone', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-append-'));
  try {
    const file = path.join(directory, 'journal');
    await writeFile(file, '');
    // No file may grow beyond this: what is beyond is not written, as on a full disk.
    const limited = ['ulimit -f 1; trap "" XFSZ; exec "$@"', 'sh', process.execPath];
    const inline = ['--input-type=module-typescript', '-e', program, file];
    const { stdout, stderr } = spawnSync('sh', ['-c', ...limited, ...inline], { encoding: 'utf8' });
    assert.equal(stdout.trim(), 'EFBIG', stderr);
    assert.equal(await readFile(file, 'utf8'), 'first\nsecond\n');
  } finally {
    await rm(directory, { recursive: true });
  }
});

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-directories-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

test('a directory is made with all above it, by several at a time, and is there already the next time', async (t) => {
  const top = await temporaryDirectory(t);
  const deep = path.join(top, 'a', 'b', 'c');
  const besides = Array.from({ length: 20 }, (_, at) => path.join(deep, String(at % 5), 'd'));
  await Promise.all([deep, ...besides].map((one) => makeDirectory(one)));
  await makeDirectory(`${deep}/`);
  for (const made of [path.join(top, 'a'), deep, besides[4]!])
    assert.equal((await stat(made)).mode & 0o777, 0o700);
  await symlink(path.join(top, 'a'), path.join(top, 'link'));
  await makeDirectory(path.join(top, 'link', 'e'));
  assert.ok((await stat(path.join(top, 'a', 'e'))).isDirectory());
});

test('where no directory can be made that is said: below a file, a link that leads nowhere, and a parent that takes nothing', async (t) => {
  const top = await temporaryDirectory(t);
  await writeFile(path.join(top, 'file'), '');
  await symlink('nowhere', path.join(top, 'link'));
  await assert.rejects(makeDirectory(path.join(top, 'file')), { code: 'EEXIST' });
  await assert.rejects(makeDirectory(path.join(top, 'file', 'a', 'b')), { code: 'ENOTDIR' });
  await assert.rejects(makeDirectory(path.join(top, 'link')), { code: 'EEXIST' });
  if (process.platform !== 'linux') return;
  // Node's own mkdir tries this for ever.
  await assert.rejects(makeDirectory('/proc/x'), { code: 'ENOENT' });
  await assert.rejects(makeDirectory('/proc/x/y/z'), { code: 'ENOENT' });
});
