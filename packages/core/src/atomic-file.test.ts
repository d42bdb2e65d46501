// A line is appended whole or not at all, also where the disk is full: the lines of a journal must not run into each other.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

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
