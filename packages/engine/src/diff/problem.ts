// What could not be looked at is told and does not keep the rest from being compared. Defects of ours are no such problem, nor
// is an interruption.
import { isFailure } from '@stillpoint/core';

/** One line for people; throws what is none of theirs. */
export function problemOf(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (isFailure(error)) return `${error.code}: ${error.message}`;
  // Servers and file systems say what is the matter by a code. So does Node of a wrong argument, which is a defect.
  const { code } = error as { readonly code?: unknown };
  const told = error instanceof Error && typeof code === 'string' && !(error instanceof TypeError);
  if (!told) throw error;
  return error.message;
}
