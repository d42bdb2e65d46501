// Directories of files: uploads, outputs of runs.
import type { Clock, Json } from '@stillpoint/core';
import type { ObjectSource, SourceDriver, StreamRef } from '../contract.ts';

export interface FilesDriverOptions {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  /** Globs relative to `directory`. */
  readonly exclude: readonly string[];
  /** May vanish at any time. */
  readonly cacheDirectory: string;
  readonly clock: Clock;
}

export function createFilesDriver(_options: FilesDriverOptions): SourceDriver {
  throw new TypeError('not built yet');
}

export function filesReferences(_record: Json, _source: ObjectSource): AsyncIterable<StreamRef> {
  throw new TypeError('not built yet');
}
