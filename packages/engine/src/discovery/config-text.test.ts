import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadConfig, type ResolvedConfig } from '../config/index.ts';
import { chooseLikely, writeConfigText } from './config-text.ts';
import type { Choice, Discovery } from './contract.ts';
import { makeProject, type Project } from './testing/project.ts';

async function written(
  project: Project,
  discovery: Discovery,
  choice: Choice = chooseLikely(discovery),
): Promise<{ readonly text: string; readonly config: ResolvedConfig }> {
  const text = writeConfigText(discovery, choice);
  // A module is loaded once a process: each text gets a name of its own.
  const file = `stillpoint.config.${text.length}.${Math.abs(hash(text))}.ts`;
  await project.write(file, text);
  return { text, config: await loadConfig(path.join(project.directory, file)) };
}

function hash(text: string): number {
  let value = 0;
  for (const letter of text) value = (value * 31 + (letter.codePointAt(0) ?? 0)) | 0;
  return value;
}

async function shop(t: TestContext): Promise<Project> {
  const project = await makeProject(t);
  await project.write('.gitignore', '.env\nuploads/\n*.db\n');
  await project.write('uploads/a.png', 'x');
  await project.repository();
  await project.repository('extensions/pay');
  await project.write('.env', 'DATABASE_URL=postgres://app:s3cret@localhost/shop\n');
  await project.write(
    'packages/web/.env',
    'WEB_DATABASE_URL=postgres://app:s3cret@localhost/web\n',
  );
  await project.sqlite('cache.db');
  return project;
}

test('what is found becomes a configuration that loads and means it', async (t) => {
  const project = await shop(t);
  const { text, config } = await written(project, await project.discover());
  assert.deepEqual(config.members, [
    { path: '.', include: ['.env', 'packages/web/.env'] },
    { path: 'extensions/pay', include: [] },
  ]);
  assert.deepEqual(config.sources, [
    { name: 'shop', driver: 'postgres-url', url: { env: 'DATABASE_URL', file: '.env' } },
    {
      name: 'web',
      driver: 'postgres-url',
      url: { env: 'WEB_DATABASE_URL', file: 'packages/web/.env' },
    },
    { name: 'cache', driver: 'sqlite', file: 'cache.db' },
  ]);
  assert.match(text, /SELECT pg_advisory_xact_lock_shared\(357896375372\)/);
  assert.match(text, /\/\/ uploads: \{ driver: 'files', path: 'uploads' \},/);
  assert.ok(!text.includes('s3cret'));
});

test('the proposals in comments are right too: without slashes they load', async (t) => {
  const project = await shop(t);
  const discovery = await project.discover();
  const nothing = { repositories: [], databases: [], uploads: [], runs: [], secrets: false };
  const { text, config } = await written(project, discovery, nothing);
  assert.deepEqual([config.members, config.sources], [[], []]);
  const all = text.replaceAll(/^(\s*)\/\/ (.*[,{}])$/gm, '$1$2');
  await project.write('stillpoint.config.ts', all);
  const full = await loadConfig(path.join(project.directory, 'stillpoint.config.ts'));
  assert.deepEqual(
    full.sources.map(({ name }) => name),
    ['shop', 'web', 'cache', 'uploads'],
  );
  assert.equal(full.members.length, 2);
});

test('where nothing is found there is an example of a database of ours', async (t) => {
  const project = await makeProject(t);
  const { text, config } = await written(project, await project.discover());
  assert.deepEqual([config.members, config.sources], [[], []]);
  assert.match(text, /\/\/ db: \{ driver: 'postgres' \},/);
  assert.match(text, /\/\/ members: \['\.'\],/);
});

test('a name with a line break, a quote or a star stays a name', async (t) => {
  const project = await makeProject(t);
  const odd = [
    "it's",
    'a"b',
    '[id]',
    '{x,y}',
    'st*r',
    'back\\slash',
    'line\nbreak',
    'para\u2029graph',
    '(a)!',
  ];
  for (const name of odd) await project.repository(name);
  await project.sqlite('a\u2028throw new Error("ran");.db');
  const discovery = await project.discover();
  const every = { ...chooseLikely(discovery), databases: discovery.databases };
  const { config } = await written(project, discovery, every);
  assert.deepEqual(config.members.map((member) => member.path).toSorted(), odd.toSorted());
  await written(project, discovery, { ...every, databases: [], repositories: [] });
});

test('an ignored .env below a directory with brackets is captured by the pattern that is written', async (t) => {
  const project = await makeProject(t);
  await project.write('.gitignore', '.env\n');
  await project.repository();
  await project.write('app/[id]/.env', 'A=1\n');
  const { config } = await written(project, await project.discover());
  const [pattern] = config.members[0]?.include ?? [];
  const words = ['ls-files', '--others', '--', `:(glob)${pattern}`];
  const listed = execFileSync('git', words, { cwd: project.directory, encoding: 'utf8' });
  assert.equal(listed, 'app/[id]/.env\n');
});

/** A small generator with a seed: the same cases in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('every configuration that is written loads: made-up findings of all kinds, with hostile names', async (t) => {
  const project = await makeProject(t);
  const random = createRandom(7);
  const letters = [
    'a',
    'Z',
    '0',
    '-',
    '_',
    '.',
    ' ',
    "'",
    '"',
    '`',
    '\\',
    '\n',
    '\u2028',
    '$',
    '{',
    '}',
    '*',
    '/',
    '//',
    '*/',
    'é',
  ];
  const word = (): string =>
    Array.from({ length: 1 + random(6) }, () => letters[random(letters.length)]).join('');
  const name = (at: number): string => `s${at}`;
  for (let round = 0; round < 60; round++) {
    const file = (): string => `f/${word().replaceAll('..', 'x').replaceAll('/', 'x')}x`;
    const databases: Discovery['databases'] = Array.from({ length: random(4) }, (_, at) => {
      const common = { name: name(at), where: word(), foundIn: [word(), word()] };
      const kinds = [
        {
          kind: 'postgres',
          ...common,
          url: { env: 'A_B', file: file() },
          directUrl: { env: 'C' },
          likely: true,
        },
        {
          kind: 'sqlite',
          ...common,
          file: `${file()}${at}`,
          bytes: 1,
          journal: 'rollback',
          likely: true,
        },
        { kind: 'postgres-unnamed', ...common, variable: 'X', advice: word() },
      ] as const;
      return kinds[random(kinds.length)]!;
    });
    const discovery: Discovery = {
      directory: project.directory,
      repositories: [],
      databases,
      uploads: [{ name: 'up', path: `u/${word().replaceAll(/[./]/g, 'x')}x`, files: 1 }],
      runs: [{ name: 'sim', path: `s/${word().replaceAll(/[./]/g, 'x')}x`, runs: 1, likely: true }],
      schemas: [],
      notes: [],
    };
    const chosen = databases.filter((one) => one.kind !== 'postgres-unnamed' && random(2) === 0);
    const choice = {
      repositories: [],
      databases: chosen,
      uploads: discovery.uploads.slice(random(2)),
      runs: discovery.runs.slice(random(2)),
      secrets: true,
    };
    const { config } = await written(project, discovery, choice);
    assert.equal(config.sources.length, chosen.length + choice.uploads.length + choice.runs.length);
  }
});
