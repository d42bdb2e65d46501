import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileGlob } from './glob.ts';

test('globs match as people expect, names with a dot too', () => {
  const matching: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['tmp', ['tmp'], ['tmp/a', 'a/tmp', 'tmpx']],
    ['./tmp/', ['tmp'], ['tmp/a']],
    ['tmp/**', ['tmp/a', 'tmp/.b/c'], ['tmp', 'xtmp/a']],
    ['*.log', ['a.log', '.log'], ['a/b.log', 'a.logs']],
    ['**/*.log', ['a.log', 'a/b.log', 'a/.b/c.log'], ['a.log/b']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['a/xb', 'b']],
    ['**', ['a', 'a/b'], []],
    ['a?c', ['abc', 'a\u{1f600}c'], ['ac', 'a/c']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
    ['[!a]x', ['bx'], ['ax', '/x']],
    ['{a,b*}.txt', ['a.txt', 'bcd.txt'], ['c.txt', '{a,b*}.txt']],
    ['[z-a]', ['[z-a]'], ['z']],
    ['a+(b).$', ['a+(b).$'], ['aab.$']],
    ['un[closed', ['un[closed'], []],
    ['un{closed', ['un{closed'], []],
  ];
  for (const [pattern, yes, no] of matching) {
    for (const name of yes) assert.match(name, compileGlob(pattern), `${pattern} is ${name}`);
    for (const name of no)
      assert.doesNotMatch(name, compileGlob(pattern), `${pattern} not ${name}`);
  }
});

test('a glob that could be tried in endlessly many ways ends', () => {
  assert.doesNotMatch('a/'.repeat(200) + 'b', compileGlob('**/**/**/**/**/c'));
});
