// What goes between the offering thread and the thread that writes: checkpoints as buffers that both see, and what became of them.
import type { MessagePort } from 'node:worker_threads';
import type { PlainError, WatermarkGoal } from '../thread/index.ts';
import type { CheckpointFacts, SectionSource } from './contract.ts';

/** What the thread is started with. */
export interface WriterThreadData {
  readonly port: MessagePort;
  readonly runDirectory: string;
  readonly keep: number | null;
  readonly fullEvery: number;
}

export interface WriteOrder {
  readonly number: number;
  readonly facts: CheckpointFacts;
  readonly sections: readonly SectionSource[];
  readonly lensGoal?: WatermarkGoal;
}

export interface WrittenCheckpoint {
  readonly file: string;
  readonly bytes: number;
  readonly full: boolean;
  readonly durationMs: number;
  readonly lensMissed?: true;
}

export interface WriteAnswer {
  readonly number: number;
  readonly written?: WrittenCheckpoint;
  readonly error?: PlainError;
}
