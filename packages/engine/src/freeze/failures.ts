// How this room words its errors.
import { failure, isFailure, type StillpointError } from '@stillpoint/core';

export function participantFailed(
  participant: string,
  action: string,
  cause: unknown,
): StillpointError {
  return isFailure(cause)
    ? cause
    : failure('PARTICIPANT_FAILED', { participant, action, why: messageOf(cause) }, cause);
}

export function freezeLost(who: string, cause?: unknown): StillpointError {
  return failure('FREEZE_LOST', { who }, cause);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
