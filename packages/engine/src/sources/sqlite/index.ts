// SQLite files: the driver, and the participant that holds their writers still.
import type { Clock, Json } from '@stillpoint/core';
import type { Participant } from '../../freeze/contract.ts';
import type { ObjectSource, SourceDriver, StreamRef } from '../contract.ts';

export interface SqliteDriverOptions {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly clock: Clock;
}

export function createSqliteDriver(_options: SqliteDriverOptions): SourceDriver {
  throw new TypeError('not built yet');
}

export interface SqliteLockOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  /** Absolute. */
  readonly file: string;
}

export function createSqliteLockParticipant(_options: SqliteLockOptions): Participant {
  throw new TypeError('not built yet');
}

export function sqliteReferences(_record: Json, _source: ObjectSource): AsyncIterable<StreamRef> {
  throw new TypeError('not built yet');
}
