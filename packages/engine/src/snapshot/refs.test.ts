import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, type ErrorCode, type SnapshotId } from '@stillpoint/core';
import type { Manifest, Sealed } from './manifest.ts';
import { checkName, resolveRef } from './refs.ts';

function sealed(id: string, more: Partial<Manifest> = {}): Sealed {
  const manifest = {
    id,
    kind: 'snapshot',
    name: null,
    project: { id: 'own' },
    ...more,
  } as Manifest;
  return { entry: { id: id as SnapshotId, digest: 'blake3:' as never, bytes: 0 }, manifest };
}

const list = [
  sealed('aaaa11111111'),
  sealed('aaaa22222222', { name: 'before-migration' }),
  sealed('bbbb33333333', { kind: 'undo' }),
  sealed('cccc44444444', { project: { id: 'other', directory: '/' } }),
];

function refuses(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isFailure(error, code);
}

test('an id, a unique prefix, a name', () => {
  assert.equal(resolveRef('aaaa22222222', list, 'own').manifest.id, 'aaaa22222222');
  assert.equal(resolveRef('bbbb', list, 'own').manifest.id, 'bbbb33333333');
  assert.equal(resolveRef('before-migration', list, 'own').manifest.id, 'aaaa22222222');
});

test('latest counts what people took in this project', () => {
  assert.equal(resolveRef('latest', list, 'own').manifest.id, 'aaaa22222222');
  assert.equal(resolveRef('latest~1', list, 'own').manifest.id, 'aaaa11111111');
  assert.equal(resolveRef('latest', list, 'other').manifest.id, 'cccc44444444');
  assert.equal(resolveRef('latest', list, 'a new machine').manifest.id, 'cccc44444444');
});

test('ambiguous, unknown, empty', () => {
  assert.throws(() => resolveRef('aaaa', list, 'own'), refuses('REF_AMBIGUOUS'));
  assert.throws(() => resolveRef('aaa', list, 'own'), refuses('REF_UNKNOWN'));
  assert.throws(() => resolveRef('latest~2', list, 'own'), refuses('REF_UNKNOWN'));
  assert.throws(() => resolveRef('latest', [], 'own'), refuses('VAULT_EMPTY'));
  assert.throws(() => resolveRef('dddd', [], 'own'), refuses('VAULT_EMPTY'));
});

test('names: taken, reserved, or looking like an id', () => {
  assert.throws(() => checkName('before-migration', list), refuses('NAME_TAKEN'));
  for (const name of ['latest', 'latest~1', 'beef', '-x', '', 'a b', 'x'.repeat(65), '../up']) {
    assert.throws(() => checkName(name, list), refuses('NAME_INVALID'), name);
  }
  checkName('before-deploy.2', list);
});
