// What goes between the offering thread and the thread that writes: checkpoints as buffers that both see, and what became of them.
import { isFailure, StillpointError, type ErrorCode } from '@stillpoint/core';
import type { MessagePort } from 'node:worker_threads';
import type { WatermarkGoal } from '../thread/index.ts';
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
  readonly error?: {
    readonly message: string;
    readonly code?: ErrorCode;
    readonly data?: Readonly<Record<string, string | number>>;
    readonly cause?: string;
  };
}

export function refusalOf(number: number, error: unknown): WriteAnswer {
  const message = error instanceof Error ? error.message : String(error);
  if (!isFailure(error)) return { number, error: { message } };
  const { cause } = error;
  const because = cause instanceof Error ? { cause: cause.message } : {};
  return { number, error: { message, code: error.code, data: error.data, ...because } };
}

export function errorOf({ message, code, data, cause }: NonNullable<WriteAnswer['error']>): Error {
  const because = cause === undefined ? undefined : new Error(cause);
  if (code !== undefined) return new StillpointError(code, data ?? {}, because);
  return new Error(message, because === undefined ? undefined : { cause: because });
}
