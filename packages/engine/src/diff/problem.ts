// What could not be looked at is told and does not keep the rest from being compared. Defects of ours are no such problem, nor
// is an interruption.
import { isFailure } from '@stillpoint/core';

/** One line for people; throws what is none of theirs. */
export function problemOf(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (isFailure(error)) return `${error.code}: ${error.message}`;
  // Servers and file systems say what is the matter by a code.
  if (error instanceof Error && typeof (error as { code?: unknown }).code === 'string') {
    return error.message;
  }
  throw error;
}
