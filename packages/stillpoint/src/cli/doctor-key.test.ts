// What doctor says of the passphrase of an encrypted vault.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { makeDoctorProject } from './testing/doctor-project.ts';

test('the passphrase: where it lies, who can read it, whether another opens the vault', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  const outside = await mkdtemp(path.join(tmpdir(), 'stillpoint-key-'));
  t.after(() => rm(outside, { recursive: true, force: true }));
  const configure = async (file: string, mode: number): Promise<void> => {
    await rm(file, { force: true });
    await writeFile(file, 'the passphrase of the vault\n', { mode });
    const encryption = { passphrase: { file } };
    await project.configure({ members: ['core'], vault: { url: '.stillpoint/vault', encryption } });
  };

  await configure(path.join(project.directory, 'key'), 0o644);
  assert.equal((await project.run('snapshot')).status, 0);
  const inside = (await project.doctor()).about('passphrase');
  assert.deepEqual(
    inside.map(({ level }) => level),
    ['warn', 'warn', 'info'],
  );
  assert.match(inside[0]!.what, /Others may read/);
  assert.match(inside[1]!.what, /lies in the project/);
  assert.match(inside[2]!.fix!, /second place/);

  await configure(path.join(outside, 'key'), 0o600);
  const kept = (await project.doctor()).about('passphrase');
  assert.deepEqual(
    kept.map(({ level }) => level),
    ['info'],
  );

  await rm(path.join(outside, 'key'));
  const lost = await project.doctor();
  assert.deepEqual(
    lost.about('snapshots').map(({ code }) => code),
    ['VAULT_KEY_UNREADABLE'],
  );
});
