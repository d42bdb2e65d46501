// From what the config file exports to a typed value, or to one error that names the key and what was expected.
// Only the first problem is told: the next run tells the next one, and each message stays one a person can act on.
import { failure, type StillpointError } from '@stillpoint/core';
import type * as z from 'zod';
import { nearest } from './nearest.ts';
import { sourceKindOf } from './user-sources.ts';
import { knownKeys, userConfigSchema, type ParsedConfig } from './user-config.ts';

type Issue = z.core.$ZodIssue;
type Key = PropertyKey;

/** `file` names the configuration in errors: its path, or 'the configuration' for an object. */
export function parseUserConfig(value: unknown, file: string): ParsedConfig {
  const parsed = parseSafely(value, file);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues;
  for (const issue of issues.map(innermost)) {
    if (issue.code === 'unrecognized_keys') throw unknownKey(issue, value, file);
  }
  throw invalid(issues[0] as Issue, value, file);
}

/** A module can export what throws when it is looked at. */
function parseSafely(value: unknown, file: string): z.ZodSafeParseResult<ParsedConfig> {
  try {
    return userConfigSchema.safeParse(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('CONFIG_UNREADABLE', { file, reason }, error);
  }
}

export function invalidKey(
  file: string,
  key: string,
  expected: string,
  found: string,
): StillpointError {
  return failure('CONFIG_INVALID', { file, key, expected, found });
}

/** A path that the system refuses to follow: symbolic links in a circle, a name too long, a directory that is closed to us. */
export function unusablePath(
  error: unknown,
  key: string,
  written: string,
  file: string,
): StillpointError {
  const { code } = error as NodeJS.ErrnoException;
  const found = `${describeValue(written)} (${code})`;
  return failure(
    'CONFIG_INVALID',
    { file, key, expected: 'a path that can be followed', found },
    error,
  );
}

/** `['sources','db','port']` as people write it: `sources.db.port`; list positions as `members[0]`. */
export function keyText(path: readonly Key[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text === '' ? 'the default export' : text;
}

function unknownKey(
  issue: Extract<Issue, { code: 'unrecognized_keys' }>,
  value: unknown,
  file: string,
): StillpointError {
  const key = issue.keys[0] ?? '';
  const known = keysAt(issue.path, valueAt(value, issue.path));
  const near = nearest(key, known);
  const suggestion =
    near === undefined
      ? `Known here: ${known.join(', ')}.`
      : `Did you mean ${keyText([...issue.path, near])}?`;
  return failure('CONFIG_UNKNOWN_KEY', { file, key: keyText([...issue.path, key]), suggestion });
}

function invalid(issue: Issue, value: unknown, file: string): StillpointError {
  const inner = innermost(issue);
  const found = describeValue(valueAt(value, inner.path));
  return invalidKey(file, keyText(inner.path), inner.message, found);
}

/** A union's own words are vague when one of its branches got further in: `guards[1]` says more than `guards`. */
function innermost(issue: Issue): Issue {
  if (issue.code === 'invalid_union') {
    const deeper = issue.errors.flat().find((error) => error.path.length > 0);
    if (deeper !== undefined)
      return innermost({ ...deeper, path: [...issue.path, ...deeper.path] });
  }
  return issue;
}

function keysAt(path: readonly Key[], value: unknown): readonly string[] {
  switch (path[0]) {
    case 'members':
      return knownKeys.member;
    case 'sources':
      return keysOfSource(path, value);
    case 'freeze':
      return knownKeys.freeze;
    case 'retention':
      return knownKeys.retention;
    case 'copies':
      return keysAt(['vault', ...path.slice(2)], value);
    case 'vault':
      return [knownKeys.vault, knownKeys.encryption, knownKeys.passphrase][path.length - 1] ?? [];
    case 'participants': {
      const kind = (value as { kind?: unknown } | undefined)?.kind;
      if (kind === 'run') return knownKeys.runParticipant;
      return kind === 'command' || kind === 'http' || kind === 'queue'
        ? knownKeys[kind]
        : knownKeys.lock;
    }
    default:
      return knownKeys.config;
  }
}

/** `value` is the source, or an address within it. */
function keysOfSource(path: readonly Key[], value: unknown): readonly string[] {
  return path.length > 2 ? ['env', 'file'] : knownKeys[sourceKindOf(value)];
}

function valueAt(value: unknown, path: readonly Key[]): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<Key, unknown>)[part];
  }
  return current;
}

/** Short, and never the whole of a long value: a config may hold what does not belong on a screen. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value === 'string') return value.length > 60 ? 'a long text' : JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
