// What the server says of a document that it does not take, in the words of the catalogue.
import { failure, isFailure } from '@stillpoint/core';

/** By SQLSTATE: no JSON, a zero character, bad UTF-8; nested deeper than max_stack_depth; larger than its arrays and objects can be; a number beyond numeric. */
const reasons: Readonly<Record<string, string>> = {
  '22P02': 'it is no JSON that it knows',
  '22P05': 'it holds the zero character',
  '22021': 'it is not in UTF-8',
  '54001': 'it is nested deeper than its stack (max_stack_depth)',
  '54000': 'it is larger than jsonb can be',
  '22003': 'it holds a number that is larger than any of its own',
};

/** Some of its limits it does not foresee: it meets them as an internal error (XX000) when it asks for more memory than it may. */
const OUTGROWN = /^invalid memory alloc request size \d+/;

/** JSONB_REFUSED with the server's own words, or the error as it came. The transaction is over, as after any refusal. */
export function refusedJson(error: unknown): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  const { code = '', detail } = error as { readonly code?: string; readonly detail?: string };
  const reason = reasons[code] ?? (OUTGROWN.test(error.message) ? reasons['54000'] : undefined);
  if (reason === undefined) return error;
  const said = detail === undefined ? error.message : `${error.message}: ${detail}`;
  return failure('JSONB_REFUSED', { reason: `${reason} (${said.replace(/\.$/, '')})` }, error);
}
