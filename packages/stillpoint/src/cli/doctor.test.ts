import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { createStillpoint } from '../library.ts';
import { levels, makeDoctorProject } from './testing/doctor-project.ts';
import { inProcess } from './testing/run.ts';

test('a project that is well: everything is told, nothing is changed', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  project.sqlite('app.db', 'wal');
  await project.configure({
    members: ['core'],
    sources: { app: { driver: 'sqlite', file: 'app.db' } },
  });
  const taken = await project.run('snapshot', '--name', 'first');
  assert.equal(taken.status, 0, taken.stderr);
  const before = await project.tree();
  const report = await project.doctor();
  assert.deepEqual(await project.tree(), before);
  assert.deepEqual(
    report.findings.filter(({ level }) => level === 'warn' || level === 'fail'),
    [],
  );
  for (const name of [
    'configuration',
    'state',
    'node',
    'git',
    'core',
    'app',
    'lock:app',
    'latest',
  ]) {
    assert.deepEqual(levels(report.about(name)), ['ok'], name);
  }
  assert.match(report.about('latest')[0]?.what ?? '', /^first \([0-9a-f]{12}\): all \d+ objects/);
  const text = await project.run('doctor');
  assert.deepEqual([text.status, text.stderr], [0, '']);
  assert.match(text.stdout, /^project\n {2}ok {4}configuration/);
  assert.match(text.stdout, /Everything is well\.\n$/);
});

test('a project that no command has worked in: nothing is begun by looking', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('.');
  await project.configure({ members: ['.'] });
  const before = await project.tree();
  const report = await project.doctor();
  assert.deepEqual(await project.tree(), before);
  assert.equal(report.failed, 0);
  assert.deepEqual(levels(report.about('snapshots')), ['warn']);
});

test('a configuration that does not load is the first finding, and the machine is looked at all the same', async (t) => {
  const project = await makeDoctorProject(t);
  await project.configure({ membres: [] });
  const invalid = await project.doctor();
  assert.deepEqual([invalid.findings[0]?.code, invalid.failed], ['CONFIG_UNKNOWN_KEY', 1]);
  assert.match(invalid.findings[0]?.fix ?? '', /Did you mean members\?/);
  assert.deepEqual(levels(invalid.about('git')), ['ok']);
  await writeFile(path.join(project.directory, 'stillpoint.config.json'), '{');
  assert.equal((await project.doctor()).findings[0]?.code, 'CONFIG_UNREADABLE');
  const nowhere = await inProcess(
    ['doctor', '--json', '--project', path.join(project.directory, 'gone')],
    {
      cwd: project.directory,
    },
  );
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.stdout, /CONFIG_MISSING/);
  await project.configure({});
  assert.equal((await project.doctor()).findings[0]?.code, 'NOTHING_TO_CAPTURE');
});

test('what is broken is named, each with what to do, and hides nothing else', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await project.repository('forgotten');
  project.sqlite('old.db', 'delete');
  await project.configure({
    members: ['core', 'gone'],
    sources: {
      old: { driver: 'sqlite', file: 'old.db' },
      unset: { driver: 'postgres', url: { env: 'NOT_SET' } },
      away: { driver: 'postgres', url: 'postgres://app:s3cret@127.0.0.1:1/shop' },
      again: { driver: 'postgres', url: 'postgres://other:s3cret@localhost:1/shop' },
    },
    participants: [
      {
        kind: 'http',
        name: 'web',
        suspend: 'http://127.0.0.1:1/s',
        resume: 'http://127.0.0.1:1/r',
      },
    ],
  });
  const report = await project.doctor();
  assert.deepEqual(levels(report.about('core')), ['ok']);
  assert.deepEqual(
    report.about('gone').map(({ code }) => code),
    ['MEMBER_MISSING'],
  );
  assert.deepEqual(levels(report.about('forgotten')), ['warn']);
  assert.ok(report.about('old').some(({ what }) => what.includes('journal_mode = WAL')));
  assert.deepEqual(
    report.about('unset').map(({ code }) => code),
    ['SOURCE_URL_MISSING'],
  );
  assert.deepEqual(levels(report.about('away')), ['fail']);
  assert.ok(report.about('again').some(({ what }) => what.includes('same database as away')));
  assert.deepEqual(
    report.about('web').map(({ code }) => code),
    ['PARTICIPANT_FAILED'],
  );
  for (const one of report.findings) {
    if (one.level === 'fail') assert.ok(one.fix !== undefined && one.fix !== '', one.what);
  }
  assert.ok(!JSON.stringify(report).includes('s3cret'));
  assert.ok(!JSON.stringify(report).includes('defect of Stillpoint'), JSON.stringify(report));
  const text = await project.run('doctor');
  assert.match(text.stdout, /\n\d+ problems, \d+ warnings\.\n$/);
  assert.match(text.stderr, /DOCTOR_FOUND_PROBLEMS: Of \d+ checks \d+ failed\./);
});

test('participants are opened and never suspended', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await project.configure({
    members: ['core'],
    participants: [
      { kind: 'command', name: 'sim', suspend: 'touch suspended', resume: 'touch resumed' },
      {
        kind: 'http',
        name: 'web',
        suspend: `${address}/s`,
        resume: `${address}/r`,
        guards: ['core'],
      },
    ],
  });
  const report = await project.doctor();
  assert.deepEqual([levels(report.about('sim')), levels(report.about('web'))], [['ok'], ['ok']]);
  assert.deepEqual(asked, []);
  const names = await readdir(project.directory);
  assert.ok(!names.includes('suspended') && !names.includes('resumed'));
});

test('what nobody holds still is told', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await project.repository('docs');
  await project.configure({
    members: ['core', 'docs'],
    participants: [
      { kind: 'command', name: 'sim', suspend: 'true', resume: 'true', guards: ['core'] },
    ],
  });
  const [loose] = (await project.doctor())
    .about('docs')
    .filter(({ area }) => area === 'participants');
  assert.equal(loose?.level, 'warn');
  assert.match(loose.what, /Nobody holds still for docs/);
});

test('a snapshot that is damaged, a vault that is another, and one that is none', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await project.configure({ members: ['core'] });
  assert.equal((await project.run('snapshot')).status, 0);
  const vault = path.join(project.directory, '.stillpoint/vault');
  const packs = (await readdir(vault, { recursive: true })).filter((name) =>
    name.startsWith('packs/'),
  );
  for (const name of packs) await rm(path.join(vault, name), { recursive: true, force: true });
  const damaged = await project.doctor();
  assert.deepEqual(levels(damaged.about('latest')), ['fail']);
  assert.match(damaged.about('latest')[0]?.what ?? '', /is damaged/);
  await rm(vault, { recursive: true });
  const gone = await project.doctor();
  assert.deepEqual(
    gone.about('snapshots').map(({ code }) => code),
    ['VAULT_MISSING'],
  );
  await project.configure({ members: ['core'], vault: 'elsewhere' });
  await mkdir(path.join(project.directory, 'elsewhere'));
  await writeFile(path.join(project.directory, 'elsewhere/notes.txt'), 'mine');
  assert.deepEqual(levels((await project.doctor()).about('snapshots')), ['fail']);
});

test('a restore that has not ended, a resume that is due, an undo point', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await project.configure({ members: ['core'] });
  assert.equal((await project.run('snapshot', '--name', 'first')).status, 0);
  await appendFile(path.join(project.directory, 'core/file'), 'more');
  assert.equal((await project.run('restore', 'first', '--yes')).status, 0);
  const restored = await project.doctor();
  assert.match(restored.about('undo point')[0]?.what ?? '', /goes back to before the restore/);
  const journal = path.join(project.directory, '.stillpoint/journal');
  await writeFile(path.join(journal, 'restore.jsonl'), '');
  await writeFile(path.join(journal, 'resumes/x.json'), '{}');
  const report = await project.doctor();
  assert.deepEqual(
    [levels(report.about('restore')), levels(report.about('resumes'))],
    [['warn'], ['warn']],
  );
  assert.deepEqual((await readdir(journal)).includes('restore.jsonl'), true, 'doctor ends nothing');
});

test('a state that is not ours to judge: unreadable, of a newer format', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await project.configure({ members: ['core'] });
  assert.equal((await project.run('snapshot')).status, 0);
  const file = path.join(project.directory, '.stillpoint/project.json');
  await writeFile(file, JSON.stringify({ format: 9, id: 'x', directory: project.directory }));
  assert.match((await project.doctor()).about('state')[0]?.what ?? '', /has format 9/);
  await writeFile(file, '{');
  assert.deepEqual(
    (await project.doctor()).about('state').map(({ code }) => code),
    ['STATE_UNREADABLE'],
  );
});

test('the library examines an open project the same way', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await using stillpoint = await createStillpoint(
    { members: ['core'] },
    { projectDirectory: project.directory },
  );
  const report = await stillpoint.doctor();
  assert.equal(report.failed, 0);
  assert.ok(report.findings.some(({ about, level }) => about === 'core' && level === 'ok'));
});

test('doctor without git says so', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await project.configure({ members: ['core'] });
  const ran = await inProcess(['doctor', '--json'], {
    cwd: project.directory,
    environment: { PATH: project.directory },
  });
  assert.equal(ran.status, 1);
  assert.match(ran.stdout, /GIT_MISSING/);
});

test('doctor that is interrupted ends as interrupted', async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  await project.configure({ members: ['core'] });
  const { failure } = await import('@stillpoint/core');
  const signal = AbortSignal.abort(failure('INTERRUPTED', { doing: 'running stillpoint doctor' }));
  const ran = await inProcess(['doctor', '--json'], { cwd: project.directory, signal });
  assert.deepEqual([ran.status, ran.stdout], [130, '']);
});

const skip = process.getuid?.() === 0 ? 'root may write everywhere' : false;

test('a vault that may not be written', { skip }, async (t) => {
  const project = await makeDoctorProject(t);
  await project.repository('core');
  const vault = path.join(project.directory, 'kept');
  await mkdir(vault, { mode: 0o555 });
  await project.configure({ members: ['core'], vault: 'kept' });
  const report = await project.doctor();
  assert.deepEqual(
    report.about('place').map(({ code }) => code),
    ['VAULT_READ_ONLY'],
  );
});
