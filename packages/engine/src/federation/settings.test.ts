// What git reads in a repository's configuration: asked once for each content, and never taken from another one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGit } from './git.ts';
import { parseSettings } from './settings.ts';
import { gitEnvironment } from './testing/tree-state.ts';

const git = createGit({ environment: gitEnvironment });
const noGit = createGit({ environment: { ...gitEnvironment, PATH: '/nonexistent' } });

test('the same content is asked of git once, another one anew', async () => {
  const content = Buffer.from('[core]\n\tbare\n[remote "ä"]\n\turl = a\\nb ; said\n');
  const expected = [
    ['core.bare', null],
    ['remote.ä.url', 'a\nb'],
  ];
  assert.deepEqual(await parseSettings(git, content), expected);
  assert.deepEqual(await parseSettings(noGit, Buffer.from(content)), expected);
  const other = Buffer.from(content.toString().replace('a\\nb', 'c'));
  await assert.rejects(parseSettings(noGit, other), { code: 'GIT_MISSING' });
  assert.deepEqual((await parseSettings(git, other)).at(-1), ['remote.ä.url', 'c']);
});

test('what git does not understand is asked again', async () => {
  const broken = Buffer.from('[core\n');
  await assert.rejects(parseSettings(git, broken), { code: 'GIT_FAILED' });
  await assert.rejects(parseSettings(noGit, broken), { code: 'GIT_MISSING' });
});
