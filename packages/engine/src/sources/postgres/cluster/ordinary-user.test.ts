// Run as root, the other tests see the cluster under the system user. This one runs them once more as an
// ordinary user, who runs Postgres himself. (Run as an ordinary user, the other tests are already that.)
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chownSync,
  constants,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFailure } from '@stillpoint/core';
import { createCluster } from './index.ts';
import { isRoot, never, removeShared, sourceFlags, testOptions } from './testing.ts';

after(removeShared);

const NOBODY = { uid: 65_534, gid: 65_534 };

/** Everyone may pass through every directory down to these sources. */
function isPublic(file: string): boolean {
  for (let at = path.dirname(file); at !== path.dirname(at); at = path.dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) return false;
  }
  return true;
}

const file = fileURLToPath(new URL('./lifecycle.test.ts', import.meta.url));
const skip = !isRoot
  ? 'the other tests already run as an ordinary user'
  : !isPublic(file) || !isPublic(process.execPath)
    ? 'the repository lies below a directory that only root can enter'
    : false;

test('an ordinary user has the same life with a cluster', { skip }, async (t) => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'stillpoint-user-'));
  t.after(() => rmSync(home, { recursive: true }));
  chownSync(home, NOBODY.uid, NOBODY.gid);
  const args = [...sourceFlags, '--test', '--test-reporter=tap', file];
  const child = spawn(process.execPath, args, {
    ...NOBODY,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', TMPDIR: home, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 0, output);
  assert.match(output, /# pass [1-9]/);
});

test('the database of one user is not mistaken for that of another', { skip }, async (t) => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'stillpoint-user-'));
  t.after(() => rmSync(home, { recursive: true }));
  chownSync(home, NOBODY.uid, NOBODY.gid);
  const options = { ...testOptions(), stateDirectory: path.join(home, 'state') };
  const index = JSON.stringify(new URL('./index.ts', import.meta.url).href);
  const given = JSON.stringify({ ...options, binariesDirectory: home, runtimeDirectory: home });
  const code = `import { createCluster } from ${index};
    await createCluster(${given}).ensureCreated(new AbortController().signal);`;
  const args = [...sourceFlags, '--input-type=module', '--eval', code];
  const child = spawn(process.execPath, args, { ...NOBODY, cwd: '/', env: {}, stdio: 'inherit' });
  assert.deepEqual(await once(child, 'close'), [0, null]);
  const asRoot = createCluster(options);
  const refused = (error: unknown): boolean => isFailure(error, 'POSTGRES_OTHER_USER');
  await assert.rejects(asRoot.ensureCreated(never), refused);
  await assert.rejects(asRoot.status(), refused);
  await assert.rejects(asRoot.start(never), refused);
  accessSync(path.join(options.stateDirectory, 'postgres', 'current.json'), constants.R_OK);
  assert.match(
    readFileSync(path.join(options.stateDirectory, 'postgres-user.json'), 'utf8'),
    /65534/,
  );
});
