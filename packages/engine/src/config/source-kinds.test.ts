// Each key of SQLite, files and a Postgres by URL: what is taken, what is refused and in which words.
import { isFailure } from '@stillpoint/core';
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readAddress, type AddressPlace } from './index.ts';
import { makeProject, refused } from './testing/project.ts';

const url = 'postgresql://shop:s3cret@127.0.0.1:5432/shop';
const byUrl = { driver: 'postgres', url };
const sqlite = { driver: 'sqlite', file: 'data/app.db' };
const files = { driver: 'files', path: 'uploads' };

const one = (source: unknown): unknown => ({ sources: { it: source } });

test('every kind of source is read, side by side', async (t) => {
  const project = await makeProject(t);
  const { sources, participants } = await project.resolve({
    sources: {
      own: { driver: 'postgres' },
      shop: { ...byUrl, directUrl: { env: 'DIRECT', file: './config/.env' }, programs: 'pg/bin' },
      shop2: { driver: 'postgres', url: { env: 'DATABASE_URL' } },
      cache: { driver: 'sqlite', file: './data//cache.db' },
      uploads: { ...files, path: 'public/uploads/', exclude: ['tmp/**'] },
    },
  });
  assert.deepEqual(sources, [
    { name: 'own', driver: 'postgres', database: 'app', settings: {} },
    {
      name: 'shop',
      driver: 'postgres-url',
      url: { url },
      directUrl: { env: 'DIRECT', file: 'config/.env' },
      programs: path.join(project.directory, 'pg/bin'),
    },
    { name: 'shop2', driver: 'postgres-url', url: { env: 'DATABASE_URL', file: '.env' } },
    { name: 'cache', driver: 'sqlite', file: 'data/cache.db' },
    { name: 'uploads', driver: 'files', path: 'public/uploads', exclude: ['tmp/**'] },
  ]);
  const locked = participants.map(({ name }) => name);
  assert.deepEqual(locked, ['lock:own', 'lock:shop', 'lock:shop2']);
});

test('without a Postgres each SQLite file is held by its own lock, and files by none', async (t) => {
  const project = await makeProject(t);
  const other = { ...sqlite, file: 'b.db' };
  const resolve = (more: object): Promise<{ participants: readonly { name: string }[] }> =>
    project.resolve({ sources: { a: sqlite, b: other, uploads: files }, ...more });
  const names = async (more: object): Promise<string[]> =>
    (await resolve(more)).participants.map(({ name }) => name);
  assert.deepEqual(await names({}), ['lock:a', 'lock:b']);
  const named = { kind: 'lock', source: 'b', name: 'writers' };
  assert.deepEqual(await names({ participants: [named] }), ['lock:a', 'writers']);
  const ofFiles = { participants: [{ kind: 'lock', source: 'uploads' }] };
  await refused(resolve(ofFiles), 'CONFIG_INVALID', 'participants[0].source', 'a, b', '"uploads"');
});

const invalid: readonly [what: string, source: unknown, ...words: string[]][] = [
  ['sqlite without a file', { driver: 'sqlite' }, 'sources.it.file', 'missing'],
  ['an empty file', { ...sqlite, file: '' }, 'sources.it.file', 'not an empty text'],
  ['a file that is a number', { ...sqlite, file: 3 }, 'sources.it.file', 'it is 3'],
  ['a file with NUL', { ...sqlite, file: 'a\0b' }, 'sources.it.file', 'without NUL'],
  ['a file above', { ...sqlite, file: '../app.db' }, 'sources.it.file', 'inside the project'],
  ['a file above, hidden', { ...sqlite, file: 'a/../../b' }, 'inside the project', 'a/../../b'],
  ['an absolute file elsewhere', { ...sqlite, file: '/var/app.db' }, 'inside the project'],
  ['a file in .git', { ...sqlite, file: 'a/.git/app.db' }, 'outside .git and .stillpoint'],
  ['a file in .stillpoint', { ...sqlite, file: '.stillpoint/x.db' }, 'outside .git'],
  ['files without a path', { driver: 'files' }, 'sources.it.path', 'missing'],
  ['the whole project as files', { ...files, path: '.' }, 'sources.it.path', 'inside the project'],
  ['the project by another name', { ...files, path: 'a/..' }, 'inside the project'],
  ['files above', { ...files, path: '../uploads' }, 'sources.it.path', 'inside the project'],
  ['an exclude that is no list', { ...files, exclude: 'tmp' }, 'sources.it.exclude', '"tmp"'],
  ['an exclude of numbers', { ...files, exclude: ['tmp', 1] }, 'sources.it.exclude[1]'],
  ['an exclude that is above', { ...files, exclude: ['../x'] }, 'sources.it.exclude[0]', 'inside'],
  ['an exclude that is absolute', { ...files, exclude: ['/x'] }, 'sources.it.exclude[0]', 'inside'],
  ['a url of a number', { ...byUrl, url: 5432 }, 'sources.it.url', "{ env: 'DATABASE_URL' }"],
  ['an empty url', { ...byUrl, url: '' }, 'sources.it.url', 'postgresql://'],
  ['another scheme', { ...byUrl, url: 'mysql://u:s3cret@h/d' }, 'sources.it.url', 'postgresql://'],
  ['a url that is none', { ...byUrl, url: 'postgresql://u:s3cret@h:x/d' }, 'sources.it.url'],
  ['a / in a user name', { ...byUrl, url: 'postgresql://u/x:s3cret@h/d' }, 'sources.it.url'],
  ['an sslmode that is none', { ...byUrl, url: `${url}?sslmode=verify-ful` }, 'sources.it.url'],
  ['a port that is none', { ...byUrl, url: `${url}?port=x` }, 'sources.it.url'],
  ['an env that is no name', { ...byUrl, url: { env: 'A B' } }, 'sources.it.url.env', '"A B"'],
  ['an env that is missing', { ...byUrl, url: {} }, 'sources.it.url.env', 'missing'],
  ['an env file above', { ...byUrl, url: { env: 'A', file: '../.env' } }, 'sources.it.url.file'],
  ['a direct url that is none', { ...byUrl, directUrl: true }, 'sources.it.directUrl', 'true'],
  ['a direct env file', { ...byUrl, directUrl: { env: 'A', file: '/e' } }, 'directUrl.file'],
  ['programs that are a list', { ...byUrl, programs: [] }, 'sources.it.programs', 'a list'],
];

for (const [what, source, ...words] of invalid) {
  test(`refused by its key: ${what}`, async (t) => {
    const project = await makeProject(t);
    await refused(project.resolve(one(source)), 'CONFIG_INVALID', ...words);
    const error: unknown = await project.resolve(one(source)).catch((thrown: unknown) => thrown);
    assert.ok(isFailure(error));
    assert.doesNotMatch(JSON.stringify([error, error.message]), /s3cret/);
  });
}

test('unknown keys come with the nearest of their own kind, not of another', async (t) => {
  const project = await makeProject(t);
  const unknown = (source: unknown, ...words: string[]): Promise<void> =>
    refused(project.resolve(one(source)), 'CONFIG_UNKNOWN_KEY', ...words);
  await unknown({ ...sqlite, flie: 'x' }, 'sources.it.flie', 'sources.it.file?');
  await unknown({ ...sqlite, exclude: [] }, 'sources.it.exclude', 'Known here: driver, file.');
  await unknown({ ...files, excludes: [] }, 'sources.it.excludes', 'sources.it.exclude?');
  await unknown({ ...files, database: 'x' }, 'Known here: driver, path, exclude.');
  await unknown({ ...byUrl, directurl: url }, 'sources.it.directUrl?');
  await unknown({ ...byUrl, settings: {} }, 'Known here: driver, url, directUrl, programs.');
  await unknown({ driver: 'postgres', walLimits: '1GB' }, 'sources.it.walLimit?');
  await unknown({ ...byUrl, url: { env: 'A', flie: '.env' } }, 'sources.it.url.file?');
  await unknown({ ...byUrl, directUrl: { evn: 'A', env: 'B' } }, 'directUrl.env?');
});

test('nothing is captured twice: files hold no other source, no member and no vault', async (t) => {
  const project = await makeProject(t);
  await project.repository('uploads/repo');
  await project.repository('upload');
  const holds = (more: object, ...words: string[]): Promise<void> =>
    refused(project.resolve({ sources: { uploads: files }, ...more }), 'CONFIG_INVALID', ...words);
  const sources = (other: object): object => ({ sources: { uploads: files, other } });
  const key = 'sources.uploads.path';
  await holds(sources({ ...sqlite, file: 'uploads/a/app.db' }), key, 'sources.other within');
  await holds(sources({ ...files, path: 'uploads/a' }), key, 'sources.other within');
  await holds(sources({ ...files, path: './uploads' }), 'sources.other within');
  await holds({ members: ['uploads/repo'] }, key, 'member uploads/repo within');
  await holds({ vault: 'uploads/vault' }, 'vault', 'inside sources.uploads');
  await holds({ vault: 'uploads' }, 'vault', 'inside sources.uploads');
  const twice = { sources: { a: sqlite, b: { ...sqlite, file: './data/app.db' } } };
  await refused(project.resolve(twice), 'CONFIG_INVALID', 'sources.b.file', 'sources.a');
  // A name that only begins the same is another directory.
  const beside = { ...sqlite, file: 'uploads.db' };
  const fine = { members: ['upload'], ...sources(beside), vault: 'uploads-vault' };
  assert.equal((await project.resolve(fine)).sources.length, 2);
});

test('an address comes from the environment, else from the file', async (t) => {
  const project = await makeProject(t);
  await project.write('.env', `OTHER=1\nexport DATABASE_URL="${url}" # here\nEMPTY=\n`);
  const place = (variables: AddressPlace['variables']): AddressPlace => ({
    projectDirectory: project.directory,
    variables,
    source: 'shop',
  });
  const read = (env: string, variables: AddressPlace['variables'] = {}): Promise<string> =>
    readAddress({ env, file: '.env' }, place(variables));
  assert.equal(await read('DATABASE_URL'), url);
  const nearer = 'postgres://nearer/db';
  assert.equal(await read('DATABASE_URL', { DATABASE_URL: nearer }), nearer);
  assert.equal(await readAddress({ url }, place({})), url);
  for (const env of ['GONE', 'EMPTY', 'constructor', '__proto__'])
    await refused(read(env), 'SOURCE_URL_MISSING', 'shop', env, '.env');
  await refused(read('OTHER'), 'SOURCE_URL_INVALID', 'shop', 'OTHER');
  const wrong = read('X', { X: 'postgresql://u:s3cret@h:port/d' });
  await refused(wrong, 'SOURCE_URL_INVALID', 'X');
  await wrong.catch((error: unknown) => assert.doesNotMatch(JSON.stringify(error), /s3cret/));
});
