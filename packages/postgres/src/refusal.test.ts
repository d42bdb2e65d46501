// What a server, a pooler, the network and the client library say, and what it means; the words are theirs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyRefused, type Refusal } from './refusal.ts';

test('each refusal is known by its code, and a pooler by its words', () => {
  const table: readonly (readonly [code: string | undefined, message: string, Refusal])[] = [
    ['3D000', 'database "x" does not exist', 'database missing'],
    ['08P01', 'no such database: x', 'database missing'],
    ['28P01', 'password authentication failed for user "shop"', 'login refused'],
    ['28000', 'no pg_hba.conf entry for host', 'login refused'],
    ['42501', 'permission denied for database "x"', 'login refused'],
    ['08P01', 'SASL authentication failed', 'login refused'],
    // An older PgBouncer.
    ['08P01', 'no such user: shop', 'login refused'],
    [
      undefined,
      'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
      'login refused',
    ],
    ['08P01', 'unsupported startup parameter: options', 'pooled'],
    ['08P01', 'transaction blocks not allowed in statement pooling mode', 'pooled'],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', 'unreachable'],
    ['57P03', 'the database system is starting up', 'unreachable'],
    [undefined, 'timeout expired', 'unreachable'],
  ];
  for (const [code, message, why] of table) {
    const error = Object.assign(new Error(message), code === undefined ? {} : { code });
    assert.deepEqual(whyRefused(error), { why, reason: message });
  }
});

test('an error without words is told by its code', () => {
  const several = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
  assert.deepEqual(whyRefused(several), { why: 'unreachable', reason: 'ECONNREFUSED' });
  assert.deepEqual(whyRefused({}), { why: 'unreachable', reason: 'no answer' });
});
