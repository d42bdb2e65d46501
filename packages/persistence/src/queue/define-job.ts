// From what an author writes to a complete definition. What is wrong here is a programmer's mistake, found when the module loads.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { parseDuration } from '@stillpoint/core';
import type { Duration, FreezePolicy, JobDefinition, JobOptions } from './contract.ts';

/** Kinds of work, e.g. `defineJob({ name: 'mail', data: z.object({ to: z.string() }) })`. */
export function defineJob<Schema extends StandardSchemaV1, Freeze extends FreezePolicy = 'drain'>(
  options: JobOptions<Schema, Freeze>,
): JobDefinition<Schema, Freeze> {
  const { name, backoff } = options;
  if (!/^[A-Za-z0-9._/-]{1,200}$/.test(name) || name.startsWith('__pgboss')) {
    throw new TypeError(
      `The name of a job has letters, digits and . _ - / only, not ${JSON.stringify(name)}`,
    );
  }
  const retry = options.retry ?? 2;
  if (!Number.isInteger(retry) || retry < 0) {
    throw new TypeError(`${name}: retry is a whole number from 0 on, not ${retry}`);
  }
  const longest = backoff?.longest;
  return {
    name,
    data: options.data,
    retry,
    backoffMs: backoff && {
      first: durationMs(backoff.first, `${name}: backoff.first`),
      longest: longest === undefined ? undefined : durationMs(longest, `${name}: backoff.longest`),
    },
    priority: options.priority ?? 0,
    expireMs: durationMs(options.expire ?? '15m', `${name}: expire`),
    keepMs: durationMs(options.keep ?? '7d', `${name}: keep`),
    deadLetter: options.deadLetter,
    singleton: options.singleton ?? 'none',
    // By its default the parameter is 'drain' where nothing is written.
    freeze: options.freeze ?? ('drain' as Freeze),
    afterRestore: options.afterRestore ?? 'return',
  };
}

export function durationMs(written: Duration, what: string): number {
  const ms = typeof written === 'number' ? written : parseDuration(written);
  if (ms !== undefined && ms >= 0 && Number.isFinite(ms)) return ms;
  throw new TypeError(
    `${what} is a number of milliseconds or a text like '30s', not ${JSON.stringify(written)}`,
  );
}
