// What a person or a program reads when something failed. Errors of the catalogue come with what to do; anything else
// is a defect of ours and says so.
import { isFailure, withoutPasswords } from '@stillpoint/core';
import type { Style } from './style.ts';

export interface ErrorTextOptions {
  readonly style: Style;
  /** With the stack: STILLPOINT_DEBUG. */
  readonly debug: boolean;
}

export function errorText(error: unknown, options: ErrorTextOptions): string {
  const { style } = options;
  const lines: string[] = [];
  if (isFailure(error)) {
    lines.push(`${style.red('stillpoint:')} ${style.bold(error.code)}: ${error.message}`);
    for (const cause of causesOf(error)) lines.push(style.dim(`  because: ${cause}`));
    if (error.hint !== '') lines.push(`  ${error.hint}`);
  } else {
    lines.push(`${style.red('stillpoint:')} ${style.bold(UNEXPECTED)}: ${messageOf(error)}`);
    for (const cause of causesOf(error)) lines.push(style.dim(`  because: ${cause}`));
    const more = options.debug ? '' : ' (STILLPOINT_DEBUG=1 shows where)';
    lines.push(
      `  This is a defect of Stillpoint, not of yours. Please report it with these lines${more}.`,
    );
  }
  if (options.debug && error instanceof Error && error.stack !== undefined)
    lines.push(withoutPasswords(error.stack));
  return lines.join('\n');
}

export const UNEXPECTED = 'UNEXPECTED';

export interface ErrorJson {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly data: Readonly<Record<string, string | number>>;
    readonly causes: readonly string[];
    readonly retryable: boolean;
    readonly exitCode: number;
  };
}

/** docs/reference/json.md describes it. */
export function errorJson(error: unknown): ErrorJson {
  const causes = causesOf(error);
  if (isFailure(error)) {
    const { code, message, hint, data, retryable, exitCode } = error;
    return { error: { code, message, hint, data, causes, retryable, exitCode } };
  }
  const message = messageOf(error);
  const hint = 'This is a defect of Stillpoint. Please report it.';
  return {
    error: { code: UNEXPECTED, message, hint, data: {}, causes, retryable: false, exitCode: 1 },
  };
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return withoutPasswords(text);
}

/** The chain of causes, one line each. Bounded: a cause may name itself. */
function causesOf(error: unknown): readonly string[] {
  const causes: string[] = [];
  let current = error instanceof Error ? error.cause : undefined;
  while (current !== undefined && current !== null && causes.length < 5) {
    const text = isFailure(current) ? `${current.code}: ${current.message}` : messageOf(current);
    causes.push(text.replaceAll(/\s*\n\s*/g, ' '));
    current = current instanceof Error ? current.cause : undefined;
  }
  return causes;
}
