// docs/reference/persistence.md: its snippets, one after the other, say what they say, and their types are right without an annotation.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serverOfTests, whyNot } from './database/testing/index.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLE = path.join(ROOT, 'examples/agent-daemon');

/** What only a compiler sees: the wrong use of what the page has made. */
const TYPES = `
  sameType<typeof tone, 'short' | 'long' | undefined>(true);
  sameType<typeof item.status, 'speculative'>(true);
  sameType<NonNullable<typeof note>['title'], string>(true);
  // @ts-expect-error a job's data is typed
  await queue.enqueue(brew, { cups: 'two' }).catch(() => {});
  // @ts-expect-error a document is typed
  await runs.saveState('run-1', { step: 'one' }).catch(() => {});
  function sameType<A, B>(same: [A] extends [B] ? ([B] extends [A] ? true : false) : false): void {
    if (!same) throw new Error('another type');
  }
`;

test('the reference of the library names all that it exports, and nothing else', async () => {
  const page = await readFile(path.join(ROOT, 'docs/reference/persistence.md'), 'utf8');
  const index = await readFile(fileURLToPath(new URL('./index.ts', import.meta.url)), 'utf8');
  const exported = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim().replace(/^type /, '')),
  );
  const table = page.slice(page.indexOf('## All of it'));
  const named = [...table.matchAll(/(?<=[|,] )`(\w+)`(?=,| \|)/g)].map(([, name = '']) => name);
  assert.deepEqual(named.toSorted(), exported.filter((name) => name !== '').toSorted());
});

test('the reference of the library runs', { skip: whyNot('embedded-18') }, async (t) => {
  const page = await readFile(path.join(ROOT, 'docs/reference/persistence.md'), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-reference-'));
  t.after(() => rm(directory, { recursive: true }));
  await cp(path.join(EXAMPLE, 'extensions/notes'), path.join(directory, 'extensions/notes'), {
    recursive: true,
  });
  await cp(path.join(EXAMPLE, 'tsconfig.json'), path.join(directory, 'tsconfig.json'));
  await symlink(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'));
  await writeFile(path.join(directory, 'package.json'), '{ "type": "module" }');
  await writeFile(path.join(directory, 'page.ts'), `${blocks.join('\n')}\n${TYPES}`);
  const url = await (await serverOfTests()).createDatabase();
  const conditions = '--conditions=@stillpoint/source';
  const run = async (program: string, ...args: string[]): Promise<string> => {
    const ran = promisify(execFile)(process.execPath, [program, ...args], {
      cwd: directory,
      env: {
        ...process.env,
        DATABASE_URL: url,
        NODE_OPTIONS: conditions,
        NODE_TEST_CONTEXT: undefined,
      },
    });
    const { stdout } = await ran.catch((error: { stdout?: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    });
    return stdout;
  };
  const said = await run('page.ts');
  assert.deepEqual(said.trim().split('\n'), [
    "[ 'new' ]",
    '1 2 At five.',
    'short',
    '2',
    '1000',
    '{"goal": "more tea", "liters": 12345678901234567890}',
    '{"goal": "a cup"}',
    '2 2',
    '1 false',
    '2 false',
    '[ 1 ]',
    'inside Tea black the waiter',
    'verbatim black',
    'memory We drink tea at four.',
    'brew',
  ]);
  const compiler = fileURLToPath(import.meta.resolve('typescript/package.json'));
  await run(
    path.join(path.dirname(compiler), 'bin/tsc'),
    '--noEmit',
    '--ignoreConfig',
    '--customConditions',
    '@stillpoint/source',
    'page.ts',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--strict',
    '--skipLibCheck',
    '--lib',
    'es2024,esnext.disposable,esnext.collection,esnext.iterator,esnext.array',
    '--types',
    'node',
    '--allowImportingTsExtensions',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--erasableSyntaxOnly',
    '--verbatimModuleSyntax',
  );
});
