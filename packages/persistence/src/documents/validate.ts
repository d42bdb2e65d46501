// The issues of a schema in words, each with its path.
import { failure } from '@stillpoint/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { StateVersion } from './contract.ts';

const MOST = 5;

/** 'steps.0.name: Expected string; at: ...' */
export function wordsOf(issues: readonly StandardSchemaV1.Issue[]): string {
  const words = issues.slice(0, MOST).map(({ message, path = [] }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
    const said = message.replace(/\.$/, '');
    return keys.length === 0 ? said : `${keys.join('.')}: ${said}`;
  });
  const more = issues.length - words.length;
  return [...words, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

export function mismatchOf(
  { runId, version }: StateVersion,
  issues: readonly StandardSchemaV1.Issue[],
): Error {
  return failure('STATE_MISMATCH', { run: runId, version, why: wordsOf(issues) });
}
