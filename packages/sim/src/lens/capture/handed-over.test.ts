// What is lost with a thread: the frames that it had not written, and the gaps that it had not told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dropped } from '../record/index.ts';
import { HandedOver } from './handed-over.ts';

const gap = (tick: number): Dropped => ({
  ticks: { start: tick, end: tick + 1 },
  frames: 1,
  reason: 'slow',
});

test('frames that were not taken are under way, with the gaps before them and after them', () => {
  const handed = new HandedOver(3);
  assert.deepEqual(handed.underWay(0, 4), {
    frames: 0,
    lastTaken: 4,
    ticks: { start: 5, end: 0 },
    gaps: [],
  });
  for (const tick of [10, 20, 30, 40]) handed.addGaps(handed.add(tick), [gap(tick - 1)], 0);
  // With an order that brings no frame: told when a later frame was taken.
  handed.addGaps(handed.frames + 1, [gap(45)], 1);
  assert.equal(handed.waiting(1), 3);
  const { frames, lastTaken, ticks, gaps } = handed.underWay(2, 4);
  assert.deepEqual([frames, lastTaken, ticks], [2, 20, { start: 21, end: 41 }]);
  assert.deepEqual(gaps, [gap(29), gap(39), gap(45)]);
  assert.deepEqual(handed.underWay(4, 4).gaps, [gap(45)], 'nobody knows whether that was told');
  handed.forgetGaps();
  assert.deepEqual(handed.underWay(2, 4).gaps, []);
});
