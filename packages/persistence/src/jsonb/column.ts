// The column type jsonb for Drizzle's models: bound in binary, serialized once, and not at all where it is bytes already.
import { sql, type SQL } from 'drizzle-orm';
import { customType, type AnyPgColumn } from 'drizzle-orm/pg-core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { encodeJson, JsonBytes } from './json-bytes.ts';

const column = <Data>() =>
  customType<{ data: Data; driverData: JsonBytes | string; driverOutput: Data; jsonData: Data }>({
    dataType: () => 'jsonb',
    toDriver: encode,
  });

/** Called by its column. An element of jsonb[] is text: `pg` puts an array together as text. */
function encode(this: unknown, value: unknown): JsonBytes | string {
  const encoded = encodeJson(value);
  const { dimensions = 0 } = (this ?? {}) as { readonly dimensions?: number };
  return dimensions === 0 ? encoded : encoded.bytes.toString('utf8');
}

/** A builder for one kind of document: `jsonb<Plan>()` in a model, `jsonb<Plan>('name')` for a column of another name. */
export type JsonbColumn<Data> = ReturnType<ReturnType<typeof column<Data>>>;

/**
 * A column of type jsonb; null is NULL. Its type is given, or that of a schema, which is not asked: who wants documents
 * looked at when they are read keeps them as state.
 */
export function jsonb<Data = unknown>(name?: string): JsonbColumn<Data> {
  return name === undefined ? column<Data>()() : column<Data>()(name);
}

/** A column whose type is that of a schema: `plan: jsonbOf(planSchema)`. */
export function jsonbOf<Schema extends StandardSchemaV1>(
  _schema: Schema,
  name?: string,
): JsonbColumn<StandardSchemaV1.InferOutput<Schema>> {
  return jsonb<StandardSchemaV1.InferOutput<Schema>>(name);
}

/** Bytes as a value for such a column in Drizzle's insert() and update(): `{ plan: jsonbParameter(bytes) }`. */
export function jsonbParameter(bytes: JsonBytes): SQL<never> {
  return sql<never>`${bytes}::jsonb`;
}

/** A jsonb column as its text, unparsed: `select({ plan: jsonbText(plans.plan) })`. Numbers are not rounded. */
export function jsonbText(from: AnyPgColumn | SQL): SQL<string> {
  return sql<string>`${from}::text`;
}
