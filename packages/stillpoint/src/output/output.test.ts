import { failure } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorJson, errorText } from './error-text.ts';
import { createOutput } from './output.ts';
import { createProgress } from './progress.ts';
import { createStyle, shorten, widthOf } from './style.ts';
import { renderTable } from './table.ts';
import { agoText, bytesText, countText, millisecondsText } from './units.ts';

const plain = createStyle(false);

test('sizes and times are short and round where people would', () => {
  assert.deepEqual([0, 999, 1000, 1024, 1536, 102_400, 1_048_575, 5 * 1024 ** 3].map(bytesText), [
    '0 B',
    '999 B',
    '1.0 kB',
    '1.0 kB',
    '1.5 kB',
    '102 kB',
    '1.0 MB',
    '5.4 GB',
  ]);
  assert.deepEqual(
    [0.42, 9.96, 83.4, 999.6, 59_900, 59_960, 95_000, 7_380_000].map(millisecondsText),
    ['0.4 ms', '10 ms', '83 ms', '1.0 s', '59.9 s', '1 min 0 s', '1 min 35 s', '2 h 3 min'],
  );
  const now = new Date('2026-01-10T12:00:00Z');
  const ago = (seconds: number): string => agoText(new Date(now.getTime() - seconds * 1000), now);
  assert.deepEqual([2, 40, 60, 125, 3600, 7200, 3 * 86_400, -3600].map(ago), [
    'just now',
    '40 seconds ago',
    'a minute ago',
    '2 minutes ago',
    'an hour ago',
    '2 hours ago',
    '3 days ago',
    'in the future',
  ]);
  assert.equal(countText(1, 'repository', 'repositories'), '1 repository');
});

test('a table fits the width: the last column that may shrink gives way, empty columns go', () => {
  const columns = [
    { title: 'ID' },
    { title: 'NAME' },
    { title: 'SIZE', align: 'right' },
    { title: 'MESSAGE', shrink: true },
  ] as const;
  const rows = [
    ['a1', '', '5 B', 'a message that is much too long for this table'],
    ['b2', '', '10 KB', 'short'],
  ];
  const lines = renderTable(columns, rows, { width: 30, style: plain });
  assert.deepEqual(lines, [
    'ID   SIZE  MESSAGE',
    'a1    5 B  a message that is …',
    'b2  10 KB  short',
  ]);
  for (const line of lines) assert.ok(widthOf(line) <= 30, line);
});

test('what can be spared is left out, the least important first, and any width is kept', () => {
  const columns = [
    { title: 'ID' },
    { title: 'NAME', shrink: true },
    { title: 'SIZE', align: 'right', spare: 1 },
    { title: 'WHERE', spare: 2 },
  ] as const;
  const rows = [['0123456789ab', 'a long name of a thing', '10 KB', 'somewhere else']];
  const titles = (width: number): string | undefined => {
    const lines = renderTable(columns, rows, { width, style: plain });
    for (const line of lines) assert.ok(widthOf(line) <= width, `${width}: ${line}`);
    return lines[0]?.replaceAll(/ +/g, ' ');
  };
  assert.equal(titles(80), 'ID NAME SIZE WHERE');
  assert.equal(titles(40), 'ID NAME SIZE');
  assert.equal(titles(24), 'ID NAME');
  assert.equal(titles(12), 'ID NA…');
});

test('a wide terminal is not filled, and no line ends in spaces, coloured or not', () => {
  const dim = createStyle(true).dim;
  const columns = [
    { title: 'SOURCE', shrink: true },
    { title: 'MESSAGE', shrink: true, paint: dim },
  ];
  const rows = [
    ['db', 'short'],
    ['uploads', ''],
    ['.', 'a longer one'],
  ];
  for (const style of [plain, createStyle(true)]) {
    const lines = renderTable(columns, rows, { width: 200, style }).map(withoutColours);
    assert.deepEqual(lines, [
      'SOURCE   MESSAGE',
      'db       short',
      'uploads',
      '.        a longer one',
    ]);
  }
});

function withoutColours(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what this looks for
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '');
}

test('wide characters and colours do not break the columns', () => {
  assert.equal(widthOf('日本'), 4);
  assert.equal(widthOf(createStyle(true).red('abc')), 3);
  assert.equal(shorten('日本語', 5), '日本…');
  const [, first = '', second = ''] = renderTable(
    [{ title: 'A' }, { title: 'B' }],
    [
      ['日本', 'x'],
      ['abcd', 'x'],
    ],
    { width: 40, style: plain },
  );
  assert.equal(widthOf(first), widthOf(second));
});

test('an error of the catalogue says code, cause and what to do', () => {
  const error = failure(
    'REF_UNKNOWN',
    { ref: 'x' },
    new Error('one\n two', { cause: new Error('deep') }),
  );
  const text = errorText(error, { style: plain, debug: false });
  const [first, ...rest] = text.split('\n');
  assert.equal(first, 'stillpoint: REF_UNKNOWN: No snapshot is called "x".');
  assert.deepEqual(rest.slice(0, 2), ['  because: Error: one two', '  because: Error: deep']);
  assert.equal(errorJson(error).error.exitCode, 10);
  assert.deepEqual(errorJson(error).error.data, { ref: 'x' });
});

test('anything else is a defect of ours, with a stack only when asked for', () => {
  const error = new TypeError('oops');
  const text = errorText(error, { style: plain, debug: false });
  assert.match(text, /UNEXPECTED: TypeError: oops\n.*defect of Stillpoint/);
  assert.ok(!text.includes('output.test.ts'));
  assert.ok(errorText(error, { style: plain, debug: true }).includes('output.test.ts'));
  assert.equal(errorJson('a text').error.message, 'a text');
});

test('a chain of causes that bites its own tail comes to an end', () => {
  const error = new Error('a');
  error.cause = error;
  assert.ok(errorText(error, { style: plain, debug: false }).split('\n').length < 10);
});

function written(
  terminal: boolean,
  quiet = false,
): { text: () => string; progress: ReturnType<typeof createProgress> } {
  const parts: string[] = [];
  const progress = createProgress({
    write: (text) => parts.push(text),
    terminal,
    columns: () => 20,
    style: plain,
    quiet,
  });
  return { text: () => parts.join(''), progress };
}

test('on a terminal one line is drawn over; elsewhere each phase is a line', () => {
  const screen = written(true);
  screen.progress.listener({
    type: 'phase:started',
    phase: 'capture',
    detail: 'a very long detail indeed',
  });
  screen.progress.listener({ type: 'note:said', level: 'info', text: 'a note' });
  assert.equal(screen.text(), '\r\u001b[Kcapture: a very lo…\r\u001b[Ka note\n');
  screen.progress.clear();
  assert.equal(screen.text(), '\r\u001b[Kcapture: a very lo…\r\u001b[Ka note\n');

  const log = written(false);
  log.progress.listener({ type: 'phase:started', phase: 'capture' });
  log.progress.listener({ type: 'bytes:advanced', phase: 'capture', doneBytes: 1 });
  assert.equal(log.text(), 'capture …\n');
});

test('quiet leaves only warnings', () => {
  const log = written(false, true);
  log.progress.listener({ type: 'phase:started', phase: 'capture' });
  log.progress.listener({ type: 'note:said', level: 'info', text: 'no' });
  log.progress.listener({ type: 'note:said', level: 'warn', text: 'yes' });
  assert.equal(log.text(), 'warning: yes\n');
});

test('with --json warnings are lines of JSON beside the document, and nothing else is said', () => {
  const [out, err] = [[] as string[], [] as string[]];
  const channel = (parts: string[]) => ({
    write: (text: string) => parts.push(text),
    terminal: false,
    columns: () => 80,
  });
  const settings = { json: true, quiet: false, color: false, debug: false };
  const output = createOutput({ stdout: channel(out), stderr: channel(err), ...settings });
  output.progress({ type: 'phase:started', phase: 'capture' });
  output.progress({ type: 'note:said', level: 'info', text: 'no' });
  output.progress({ type: 'note:said', level: 'warn', text: 'a "resume" failed' });
  output.say('no');
  output.result({ ok: true });
  assert.deepEqual(
    [out.join(''), err.join('')],
    ['{"ok":true}\n', '{"warning":"a \\"resume\\" failed"}\n'],
  );
});
