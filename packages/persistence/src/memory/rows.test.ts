// The best of what is compared, whatever comes first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Best } from './rows.ts';

test('what is no number is never near, wherever it comes', () => {
  for (const at of [0, 1, 3]) {
    const scores = [0.1, 0.9, 0.5];
    scores.splice(at, 0, Number.NaN);
    const best = new Best(2);
    for (const score of scores) best.offer(score, String(score));
    assert.deepEqual(
      best.near.map(({ score }) => score),
      [0.9, 0.5],
    );
  }
});
