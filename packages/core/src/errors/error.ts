// The one error of Stillpoint: a code that is API, words that are not, and what to do about it.
import { catalogue, type ErrorCode } from './catalogue.ts';
import { withoutPasswords } from './redact.ts';

type Entry<C extends ErrorCode> = (typeof catalogue)[C];

/** The names in braces of a template: `'{file} is at {line}'` gives `'file' | 'line'`. */
type Placeholders<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** What an error of code `C` must be given: one value for each placeholder of its message and hint. */
export type ErrorData<C extends ErrorCode> = {
  readonly [K in Placeholders<Entry<C>['message']> | Placeholders<Entry<C>['hint']>]:
    | string
    | number;
};

/** The command and the persistence library are published apart, each with a copy of this class: either knows the other's errors by it. */
const BRAND = Symbol.for('stillpoint.error');

export class StillpointError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  /** What to do now. */
  readonly hint: string;
  readonly exitCode: number;
  /** True when the same call may succeed later with nothing changed by hand. */
  readonly retryable: boolean;
  readonly data: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, given: Readonly<Record<string, string | number>>, cause?: unknown) {
    const entry = catalogue[code];
    const data = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        typeof value === 'string' ? withoutPasswords(value) : value,
      ]),
    );
    super(fill(entry.message, data), cause === undefined ? undefined : { cause });
    this.name = 'StillpointError';
    this.code = code;
    this.hint = fill(entry.hint, data);
    this.exitCode = entry.exit;
    this.retryable = entry.retryable;
    this.data = data;
  }

  toJSON(): object {
    const cause = this.cause instanceof Error ? withoutPasswords(this.cause.message) : undefined;
    return { code: this.code, message: this.message, hint: this.hint, data: this.data, cause };
  }
}

/** Makes (does not throw) the error of the catalogue with this code: `throw failure('REF_UNKNOWN', { ref })`. */
export function failure<C extends ErrorCode>(
  code: C,
  data: ErrorData<C>,
  cause?: unknown,
): StillpointError {
  return new StillpointError(code, data, cause);
}

export function isFailure(error: unknown, code?: ErrorCode): error is StillpointError {
  if (!(error instanceof Error) || !(BRAND in error)) return false;
  return code === undefined || (error as StillpointError).code === code;
}

function fill(template: string, data: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(data[name] ?? whole));
}
