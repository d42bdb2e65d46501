// What a run of the tests is.
import { digestOf } from '@stillpoint/core';
import type { OpenRunOptions } from '../contract.ts';

export const runFacts: NonNullable<OpenRunOptions['create']> = {
  world: { name: 'test', hash: digestOf(Buffer.from('world')) },
  seed: '1',
  parameters: { rotation: 0.5 },
  lineage: null,
  createdAt: '2026-01-02T03:04:05.000Z',
};
