// Errors on their way between threads: what people are told of them, without the stack.
import { isFailure, StillpointError, type ErrorCode } from '@stillpoint/core';

/** An error as it goes between threads. */
export interface PlainError {
  readonly message: string;
  readonly code?: ErrorCode;
  readonly data?: Readonly<Record<string, string | number>>;
  readonly cause?: string;
}

export function plainError(error: unknown): PlainError {
  const message = error instanceof Error ? error.message : String(error);
  if (!isFailure(error)) return { message };
  const { code, data, cause } = error;
  return { message, code, data, ...(cause instanceof Error ? { cause: cause.message } : {}) };
}

export function errorFrom({ message, code, data, cause }: PlainError): Error {
  const because = cause === undefined ? undefined : new Error(cause);
  if (code !== undefined) return new StillpointError(code, data ?? {}, because);
  return new Error(message, because === undefined ? undefined : { cause: because });
}
