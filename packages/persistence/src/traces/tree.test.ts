// A trace is shown whole, whatever its spans say of each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DetailedSpan } from './contract.ts';
import { traceOf } from './tree.ts';

function span(spanId: string, parentId: string | null, startNs: number): DetailedSpan {
  return {
    traceId: 't',
    spanId,
    parentId,
    name: spanId,
    kind: 'internal',
    service: null,
    scope: null,
    startNs: BigInt(startNs),
    durationNs: 10n,
    status: 'unset',
    statusMessage: null,
    attributes: {},
    events: [],
    links: [],
    resource: {},
    cut: 0,
  };
}

const shown = (...spans: readonly DetailedSpan[]): readonly string[] =>
  traceOf('t', spans).nodes.map(
    ({ span: { name }, depth, place, last }) => `${depth} ${name} ${place}${last ? '' : ' …'}`,
  );

test('children come by their start, below their parent', () => {
  assert.deepEqual(
    shown(span('c', 'a', 5), span('a', null, 0), span('b', 'a', 3), span('d', 'b', 4)),
    ['0 a root', '1 b child …', '2 d child', '1 c child'],
  );
  const { startNs, durationNs } = traceOf('t', [span('a', null, 5), span('b', 'a', 90)]);
  assert.deepEqual([startNs, durationNs], [5n, 95n]);
});

test('an orphan stands by itself, with what is below it', () => {
  assert.deepEqual(shown(span('a', null, 0), span('b', 'gone', 1), span('c', 'b', 2)), [
    '0 a root',
    '0 b orphan',
    '1 c child',
  ]);
});

test('a cycle is cut where it began first, and what hangs below it is shown once', () => {
  assert.deepEqual(
    shown(span('below', 'y', 0), span('x', 'z', 3), span('y', 'x', 2), span('z', 'y', 1)),
    ['0 z cycle', '1 x child', '2 y child', '3 below child'],
  );
  assert.deepEqual(shown(span('self', 'self', 0)), ['0 self cycle']);
});

test('two spans with one id are both shown, and their children once', () => {
  const twice = [span('a', null, 0), span('a', null, 50), span('b', 'a', 1)];
  assert.deepEqual(shown(...twice), ['0 a root', '1 b child', '0 a root']);
});

test('a trace may be as deep as it has spans', () => {
  const spans = Array.from({ length: 50_000 }, (_, at) =>
    span(`s${at}`, at === 0 ? null : `s${at - 1}`, at),
  );
  assert.equal(traceOf('t', spans).nodes.at(-1)?.depth, 49_999);
});
