// What a waterfall looks like: at widths that people have, without colours and without Unicode.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DetailedSpan, Trace, TraceNode } from '@stillpoint/persistence';
import { createStyle, widthOf } from '../../output/style.ts';
import { signsOf } from './signs.ts';
import { waterfall } from './waterfall.ts';

const MS = 1_000_000n;
const start = BigInt(Date.UTC(2026, 0, 10, 12)) * MS;

type Row = readonly [
  depth: number,
  name: string,
  fromMs: number,
  tookMs: number,
  last?: boolean,
  more?: { readonly error?: string; readonly place?: TraceNode['place'] },
];

function traceOf(rows: readonly Row[]): Trace {
  const nodes = rows.map(([depth, name, fromMs, tookMs, last = true, more = {}]): TraceNode => {
    const span: DetailedSpan = {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      parentId: null,
      name,
      kind: 'internal',
      service: 'notes',
      scope: null,
      startNs: start + BigInt(Math.round(fromMs * 1e6)),
      durationNs: BigInt(Math.round(tookMs * 1e6)),
      status: more.error === undefined ? 'unset' : 'error',
      statusMessage: more.error ?? null,
      attributes: {},
      events: [],
      links: [],
      resource: {},
      cut: 0,
    };
    return { span, depth, place: more.place ?? (depth === 0 ? 'root' : 'child'), last };
  });
  const errors = nodes.filter(({ span }) => span.status === 'error').length;
  const { traceId } = nodes[0]!.span;
  return { traceId, startNs: start, durationNs: nodes[0]!.span.durationNs, errors, nodes };
}

const trace = traceOf([
  [0, 'POST /notes', 0, 120],
  [1, 'authenticate', 0.2, 10, false],
  [1, 'save note', 12, 100, false, { error: 'no such table: notes' }],
  [
    2,
    'INSERT INTO notes (id, title, body) VALUES ($1, $2, $3) RETURNING *',
    13,
    90,
    true,
    { error: 'no such table: notes' },
  ],
  [1, 'answer', 119, 0.04],
  [0, 'mail', 60, 30, true, { place: 'orphan' }],
]);
const plain = createStyle(false);

test('a waterfall of 60 columns', () => {
  const lines = waterfall(trace, { width: 60, style: plain, signs: signsOf({}) });
  assert.deepEqual(lines, [
    '4bf92f3577b34da6a3ce929d0e0e4736  notes',
    '2026-01-10 12:00:00.000Z  120 ms  6 spans, 2 errors',
    '',
    '  POST /notes             ██████████████████████████  120 ms',
    '  ├ authenticate          ██                           10 ms',
    '✗ ├ save note               ██████████████████████    100 ms',
    '✗ │ └ INSERT INTO notes…    ████████████████████       90 ms',
    '  └ answer                                         ▏   40 µs',
    '  (orphan) mail                        ███████         30 ms',
    '',
    '✗ save note: no such table: notes',
    '✗ INSERT INTO notes (id, title, body) VALUES ($1, $2, $3) R…',
  ]);
});

test('without Unicode every character is ASCII, and nothing else changes', () => {
  const signs = signsOf({ LANG: 'C', LC_ALL: 'POSIX' });
  const lines = waterfall(trace, { width: 80, style: plain, signs });
  assert.match(lines.join(''), /^[ -~]*$/);
  assert.equal(
    lines.length,
    waterfall(trace, { width: 80, style: plain, signs: signsOf({ LANG: 'de_DE.UTF-8' }) }).length,
  );
});

test('any width is kept, with wide names, deep traces and control characters', () => {
  const deep = traceOf([
    ...Array.from({ length: 300 }, (_, depth): Row => [
      depth,
      `仕事\u001b[31m ${depth}`,
      depth,
      400 - depth,
    ]),
    [300, '', 399, 0],
  ]);
  for (const width of [1, 10, 20, 30, 80, 140, 500])
    for (const style of [plain, createStyle(true)])
      for (const line of waterfall(deep, { width, style, signs: signsOf({}) }).slice(3))
        assert.ok(widthOf(line) <= Math.max(width, 28), `${width}: ${line}`);
});
