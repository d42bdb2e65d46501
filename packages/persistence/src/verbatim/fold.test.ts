// What is one key, what is two, and which keys are inside of a text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold } from './fold.ts';
import { phraseOf, runsOf } from './phrases.ts';

test('one key: case, Unicode form, width, ligatures, joiners and white space do not count', () => {
  for (const [one, other] of [
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['Cafe\u0301', 'CAFÉ'],
    ['ﬀ', 'FF'],
    ['ＡＰＩ', 'api'],
    ['soft\u00ADhyphen', 'softhyphen'],
    ['  two\u00A0\n words ', 'TWO WORDS'],
    ['İzmir', 'i\u0307zmir'],
    ['①', '1'],
  ] as const)
    assert.equal(fold(one), fold(other), `${one} ${other}`);
});

test('two keys: what only looks alike', () => {
  for (const [one, other] of [
    ['ısı', 'isi'],
    ['e', 'é'],
    ['a', 'а'],
    ['c', 'c++'],
    ['a b', 'ab'],
  ] as const)
    assert.notEqual(fold(one), fold(other), `${one} ${other}`);
});

test('folding twice is folding once, for every character', () => {
  for (let code = 0; code < 0x20000; code += 1) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const folded = fold(String.fromCodePoint(code));
    if (folded !== fold(folded)) assert.fail(`U+${code.toString(16)}`);
  }
});

const inside = (text: string, key: string): boolean => {
  const phrase = phraseOf(key);
  return runsOf(text).some((run) => run.phrase === phrase);
};

test('a key is inside of a text where it stands as words of its own', () => {
  for (const [text, key] of [
    ['What is the (API key) of Berlin?', 'api KEY'],
    ['In C++, what is a reference?', 'c++'],
    ['Der Name von „Straße“ ist', 'STRASSE'],
    ["the user's name", 'user'],
    ['東京の人口は？', '東京'],
    ['Is it at 12:30?', '12:30'],
    ['see example.com.', 'example.com'],
    ['well-known, he said', 'well-known'],
    ['It costs 10.5.', '10.5'],
    ['🚀 started', '🚀'],
    ['กรุงเทพมหานครอยู่ที่ไหน', 'กรุงเทพมหานคร'],
  ] as const)
    assert.ok(inside(text, key), `${key} in ${text}: ${JSON.stringify(runsOf(text))}`);
});

test('a key is not inside of another word', () => {
  for (const [text, key] of [
    ['In C++, what is a reference?', 'c'],
    ['What is C#?', 'c'],
    ['the cathedral', 'cat'],
    ['It costs 10.5.', '10'],
    ['well-known', 'known'],
    ['see example.com.', 'example'],
    ['node_modules', 'modules'],
    ['caf\u00E9', 'cafe'],
  ] as const)
    assert.ok(!inside(text, key), `${key} in ${text}`);
});
