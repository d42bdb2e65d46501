// JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one message a line: what is read, what is answered.
import { failure, isFailure, type ErrorCode } from '@stillpoint/core';

type Id = string | number | null;

export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export type Answer =
  | { readonly jsonrpc: '2.0'; readonly id: Id; readonly result: unknown }
  | { readonly jsonrpc: '2.0'; readonly id: Id; readonly error: Refusal };

export interface Call {
  /** Undefined: a notification, which nobody waits for. */
  readonly id: Id | undefined;
  readonly method: string;
  readonly parameters: unknown;
}

export const refusals = {
  noJson: { code: -32_700, message: 'The line is not JSON.' },
  noCall: { code: -32_600, message: 'The line is no JSON-RPC 2.0 call; batches are not known.' },
  lineTooLong: (bytes: number) => ({
    code: -32_600,
    message: `A line has ${bytes} bytes at most.`,
  }),
  tooManyCalls: (calls: number) => ({
    code: -32_600,
    message: `A connection has ${calls} calls at a time at most.`,
  }),
  noMethod: (method: string) => ({ code: -32_601, message: `There is no method "${method}".` }),
  parameters: (message: string) => ({ code: -32_602, message }),
} as const;

/** What the run itself says no to; `data` has the code of the catalogue. */
const refusedByRun = -32_000;

export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  const known = isFailure(error) ? error : failure('CTL_REFUSED', { why: String(error) }, error);
  const { code, data, message } = known;
  return { code: refusedByRun, message, data: { code, data } };
}

export function refusedAnswer(id: Id, error: Refusal): Answer {
  return { jsonrpc: '2.0', id, error };
}

export function line(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

export function readCall(text: string): Call | { readonly refusal: Refusal; readonly id: Id } {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return { refusal: refusals.noJson, id: null };
  }
  const { jsonrpc, id, method, params } = (read ?? {}) as Record<string, unknown>;
  const known = id === undefined || isId(id);
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !known)
    return { refusal: refusals.noCall, id: isId(id) ? id : null };
  return { id, method, parameters: params };
}

function isId(id: unknown): id is Id {
  return id === null || typeof id === 'string' || typeof id === 'number';
}

/** An answer as a client reads it. Undefined: it is none. */
export function readAnswer(text: string): Answer | undefined {
  try {
    const read = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    if (read === null || typeof read !== 'object' || read['jsonrpc'] !== '2.0') return undefined;
    return 'result' in read || 'error' in read ? (read as unknown as Answer) : undefined;
  } catch {
    return undefined;
  }
}

/** The code of the catalogue that a refusal has, and what it was given. */
export function codeOf(
  refusal: Refusal,
): { readonly code: ErrorCode; readonly data: Record<string, string | number> } | undefined {
  const { data } = refusal;
  if (refusal.code !== refusedByRun || typeof data !== 'object' || data === null) return undefined;
  return data as { code: ErrorCode; data: Record<string, string | number> };
}
