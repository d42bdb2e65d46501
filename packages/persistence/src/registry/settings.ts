// Settings of an owner, each with a schema of any library that speaks Standard Schema: what does not fit is neither written nor given.
import { failure } from '@stillpoint/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Queryable } from '../database/contract.ts';

/** Both take a transaction or the database itself. */
export interface Settings {
  /** Undefined: never set. Rejects with MODEL_SETTING_INVALID if what is stored does not fit the schema any more. */
  get<S extends StandardSchemaV1>(
    from: Queryable,
    key: string,
    schema: S,
  ): Promise<StandardSchemaV1.InferOutput<S> | undefined>;
  /** What is stored is what the schema is given, not what it makes of that: it is asked again with each get. Rejects what does not fit. */
  set<S extends StandardSchemaV1>(
    into: Queryable,
    key: string,
    schema: S,
    value: StandardSchemaV1.InferInput<S>,
  ): Promise<void>;
  /** True: it was set. */
  unset(from: Queryable, key: string): Promise<boolean>;
}

/** `owner`: the extension's name. Owners do not see each other's. */
export function settingsOf(owner: string): Settings {
  const checked = async <S extends StandardSchemaV1>(
    key: string,
    schema: S,
    value: unknown,
  ): Promise<StandardSchemaV1.InferOutput<S>> => {
    const result = await schema['~standard'].validate(value);
    if (result.issues === undefined) return result.value;
    const reason = result.issues.map(({ message }) => message).join('; ');
    throw failure('MODEL_SETTING_INVALID', { owner, key, reason });
  };
  return {
    get: async (from, key, schema) => {
      const { rows } = await from.query<{ value: string }>(
        'SELECT value::text AS value FROM public.settings WHERE owner = $1 AND key = $2',
        [owner, key],
      );
      const [row] = rows;
      return row === undefined ? undefined : await checked(key, schema, JSON.parse(row.value));
    },
    set: async (into, key, schema, value) => {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined)
        throw failure('MODEL_SETTING_INVALID', { owner, key, reason: 'it is no JSON value' });
      // As it will be read: a date, say, comes back as text.
      await checked(key, schema, JSON.parse(text));
      await into.query(
        `INSERT INTO public.settings (owner, key, value) VALUES ($1, $2, $3::jsonb)
         ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value`,
        [owner, key, text],
      );
    },
    unset: async (from, key) => {
      const { rowCount } = await from.query(
        'DELETE FROM public.settings WHERE owner = $1 AND key = $2',
        [owner, key],
      );
      return rowCount > 0;
    },
  };
}
