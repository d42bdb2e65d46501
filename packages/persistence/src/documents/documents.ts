// State documents over one database: saving, reading, and the way from one to the other by a schema.
import { failure } from '@stillpoint/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Database, Queryable, Transaction } from '../database/contract.ts';
import { compactAllRuns, compactRun } from './compact.ts';
import type { Documents, SaveExactOptions, SaveOptions, State, StateVersion } from './contract.ts';
import { checkRunId } from './run-id.ts';
import { payloadOf } from './payload.ts';
import { readAt, readLatest, readNext } from './read.ts';
import { saveVersion, type Expected } from './save.ts';
import { mismatchOf } from './validate.ts';

/** STATE_NOT_INSTALLED. */
export async function createDocuments(database: Database): Promise<Documents> {
  const { rows } = await database.query<{ readonly there: boolean }>(
    `SELECT to_regclass('public.state_documents') IS NOT NULL AS there`,
  );
  if (rows[0]?.there !== true)
    throw failure('STATE_NOT_INSTALLED', { database: database.facts.database });
  return documentsOver(database, undefined);
}

function expectedOf({
  expectedVersion: given,
}: SaveOptions | SaveExactOptions): Expected | undefined {
  if (given === undefined) return undefined;
  const { version, digest } = typeof given === 'object' ? given : { version: given, digest: null };
  if (!(Number.isSafeInteger(version) && version >= 0))
    throw new TypeError('expectedVersion is a whole number from 0 on, or a state');
  return { version, digest };
}

function documentsOver<Input, Output>(
  database: Database,
  schema: StandardSchemaV1 | undefined,
): Documents<Input, Output> {
  const within = <T>(
    transaction: Transaction | undefined,
    body: (transaction: Transaction) => Promise<T>,
  ): Promise<T> => (transaction === undefined ? database.transaction(body) : body(transaction));

  const checked = async (state: State<unknown> | undefined): Promise<State<Output> | undefined> => {
    if (state === undefined || state.exact) return state;
    if (schema === undefined) return state as State<Output>;
    const result = await schema['~standard'].validate(state.document);
    if (result.issues === undefined) return { ...state, document: result.value as Output };
    throw mismatchOf(state, result.issues);
  };

  const saveState = async (
    runId: string,
    given: unknown,
    options: SaveOptions | SaveExactOptions = {},
  ): Promise<StateVersion> => {
    checkRunId(runId);
    const expected = expectedOf(options);
    const payload = await payloadOf(runId, given, options.exact ?? false, schema);
    return await within(options.transaction, (transaction) =>
      saveVersion(transaction, runId, payload, expected),
    );
  };

  const from = (given: Queryable | undefined): Queryable => given ?? database;
  return {
    saveState,
    async latest(runId, options = {}) {
      return await checked(await readLatest(from(options.from), runId));
    },
    async at(runId, version, options = {}) {
      return await checked(await readAt(from(options.from), runId, version));
    },
    async *history(runId, { after = 0, signal, from: given } = {}) {
      let last = after;
      for (;;) {
        signal?.throwIfAborted();
        const state = await checked(await readNext(from(given), runId, last));
        if (state === undefined) return;
        yield state;
        last = state.version;
      }
    },
    compact: (runId, keep, { transaction, dryRun = false } = {}) =>
      within(transaction, (own) => compactRun(own, runId, keep, dryRun)),
    compactAll: (keep, options = {}) => compactAllRuns(database, keep, options),
    withSchema: (other) => documentsOver(database, other),
  };
}
