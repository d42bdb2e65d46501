// A vault that says nothing (here its packs are pipes that nobody writes into; else a network share that is gone): the first Ctrl-C ends
// the command's work. The thread that asked the file system cannot be called back, so the second must end the process.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startCommand } from './fixture/command.ts';
import { createProject } from './fixture/project.ts';

test('a restore from a vault that says nothing tells that it was interrupted, and does not outlive a second Ctrl-C', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-silent-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const vault = path.join(directory, 'vault');
  await using project = await createProject({ database: false, extensions: [], config: { vault } });
  await project.stillpoint(['snapshot']);
  const found = await readdir(path.join(vault, 'packs'), { recursive: true, withFileTypes: true });
  const packs = found
    .filter((one) => one.isFile())
    .map((one) => path.join(one.parentPath, one.name));
  for (const pack of packs) {
    await rm(pack);
    execFileSync('mkfifo', [pack]);
  }

  const into = path.join(directory, 'into');
  const args = ['restore', 'latest', '--from', vault, '--into', into];
  const child = startCommand(args, { cwd: directory, env: { TMPDIR: directory } });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let said = '';
  const told = new Promise<void>((resolve) => {
    child.stderr!.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.includes('INTERRUPTED')) resolve();
    });
  });
  // The configuration is read next, and the thread that does so waits for whoever writes into the pipe.
  let isReading = false;
  while (!isReading) {
    const scratch = (await readdir(directory)).find((name) => name.startsWith('stillpoint-from-'));
    isReading =
      scratch !== undefined && (await readdir(path.join(directory, scratch))).includes('alone');
    await Promise.race([ended, delay(100)]);
    assert.equal(child.exitCode, null, said);
  }
  child.kill('SIGINT');
  await Promise.race([told, ended]);
  assert.match(said, /INTERRUPTED/);
  assert.deepEqual(await readdir(into), []);
  // Again and again, as who is in a hurry does: one that comes at once is taken for the same.
  for (let over = false; !over;) {
    child.kill('SIGINT');
    over = await Promise.race([ended.then(() => true), delay(200, false)]);
  }
});
