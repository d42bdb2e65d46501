// What is below transactions: one session of a server that is asked one statement after the other. `pg` and PGlite each have one.
import type { QueryResult as PgResult } from 'pg';
import type { QueryResult } from './contract.ts';

/** One statement as `pg` takes it, and as Drizzle gives it. */
export interface Asked {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly rowMode?: 'array' | undefined;
  readonly name?: string | undefined;
  readonly types?: { getTypeParser(oid: number, format?: string): unknown } | undefined;
}

export type Answer = Pick<PgResult, 'rows' | 'rowCount' | 'command' | 'fields'>;

export interface Conversation {
  /** Rejects with what the server says while the session goes on, with DATABASE_CONNECTION_LOST when it is gone. */
  ask(asked: Asked): Promise<Answer>;
  copyIn(text: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>;
  copyOut(text: string): AsyncGenerator<Uint8Array, void>;
}

export function asked(text: string, values: readonly unknown[] | undefined): Asked {
  return values === undefined ? { text } : { text, values };
}

export function resultOf<Row extends object>(answer: Answer): QueryResult<Row> {
  return { rows: answer.rows as Row[], rowCount: answer.rowCount ?? 0 };
}
