// The data of a job, before it is stored and after it was claimed. Stored is what the caller gave, so that a schema may turn it
// into something that JSON does not have; what the schema made of it is the handler's.
import { failure } from '@stillpoint/core';
import type { JobData, JobDefinition, JobInput } from './contract.ts';

/** Throws QUEUE_DATA_INVALID. */
export async function validate<Job extends JobDefinition>(
  job: Job,
  data: unknown,
): Promise<JobData<Job>> {
  const validated = job.data['~standard'].validate(data);
  // Most schemas answer at once, and there may be a thousand jobs in a claim.
  const result = validated instanceof Promise ? await validated : validated;
  if (result.issues === undefined) return result.value;
  throw invalid(job, result.issues.map(({ message, path }) => wordsOf(message, path)).join('; '));
}

/** Throws QUEUE_DATA_INVALID for what the schema allows and JSON, or the database, cannot hold. */
export async function storable<Job extends JobDefinition>(
  job: Job,
  data: JobInput<Job>,
): Promise<object> {
  await validate(job, data);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw invalid(job, 'it is not an object');
  }
  const text = attempt(() => JSON.stringify(data));
  if (typeof text !== 'string') throw invalid(job, 'JSON cannot hold it');
  // jsonb has no U+0000, and it is told best by name.
  if (/(?<!\\)(?:\\\\)*\\u0000/.test(text)) throw invalid(job, 'a text has the character U+0000');
  return data;
}

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

function wordsOf(
  message: string,
  path: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined,
): string {
  if (path === undefined || path.length === 0) return message;
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
  return `${keys.join('.')}: ${message}`;
}

function invalid(job: JobDefinition, why: string): Error {
  return failure('QUEUE_DATA_INVALID', { job: job.name, why });
}
