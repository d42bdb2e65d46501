import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { scramVerifier } from './scram.ts';

test('the verifier gives the server signature of the example in RFC 7677', () => {
  const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
  const verifier = scramVerifier('pencil', Buffer.from(salt, 'base64'));
  const match = /^SCRAM-SHA-256\$4096:(.*)\$(.*):(.*)$/.exec(verifier);
  assert.equal(match?.[1], salt);
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const exchange = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt},i=4096,c=biws,r=${nonce}`;
  const serverKey = Buffer.from(match?.[3] ?? '', 'base64');
  const signature = createHmac('sha256', serverKey).update(exchange).digest('base64');
  assert.equal(signature, '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

test('two verifiers of one password differ', () => {
  assert.notEqual(scramVerifier('pencil'), scramVerifier('pencil'));
});
