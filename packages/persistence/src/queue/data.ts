// The data of a job, before it is stored and after it was claimed. Stored is what the caller gave, so that a schema may turn it
// into something that JSON does not have; what the schema made of it is the handler's.
import { failure, isFailure } from '@stillpoint/core';
import { encodeJson } from '../jsonb/index.ts';
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

/**
 * What will be stored. It is validated as it will be read: a Date that the schema takes and JSON makes a text of would fail in each
 * attempt. Throws QUEUE_DATA_INVALID, also for what JSON would make another value of, and what the database cannot hold.
 */
export async function storable<Job extends JobDefinition>(
  job: Job,
  data: JobInput<Job>,
): Promise<object> {
  const stored = throughJson(job, data);
  await validate(job, stored);
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) {
    throw invalid(job, 'it is not an object');
  }
  return stored;
}

function throughJson(job: JobDefinition, data: unknown): unknown {
  try {
    return encodeJson(data).toJSON();
  } catch (error) {
    if (!isFailure(error)) throw error;
    const { reason, what } = error.data;
    if (typeof reason === 'string') throw invalid(job, `JSON cannot hold it: ${reason}`, error);
    if (typeof what === 'string') throw invalid(job, `it has ${what}`, error);
    throw error;
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

function invalid(job: JobDefinition, why: string, cause?: unknown): Error {
  return failure('QUEUE_DATA_INVALID', { job: job.name, why }, cause);
}
