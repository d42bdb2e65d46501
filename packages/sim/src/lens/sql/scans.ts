// Table functions: each gives the rows of one piece. DuckDB asks for some rows at a time and cannot wait for a promise, so this thread
// stands still until the frames are there.
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { DuckDBDataChunk, DuckDBTableFunction, DuckDBType } from '@duckdb/node-api';
import type { LensField } from '../contract.ts';
import {
  createCursor,
  fixedPlacesOf,
  PLACES_FROM,
  type ColumnItems,
  type Cursor,
} from './cursor.ts';
import type { FeedAnswer, FeedOrder, SqlRun } from './messages.ts';
import type { Piece } from './pieces.ts';
import { columnsOf, placesOf } from './tables.ts';

export type DuckDB = typeof import('@duckdb/node-api');

export interface Scans {
  /** The name of the table function that gives the rows of this piece from now on; there is one for each number. */
  readonly functionOf: (number: number, piece: Piece) => string;
  /** Ends what was left before its end: the scans of a statement with a limit. */
  end(): void;
}

export interface FeedLine {
  readonly port: MessagePort;
  /** Counts the answers. */
  readonly answered: Int32Array;
}

interface Scan {
  readonly feed: number;
  readonly columns: readonly number[];
  readonly cursor: Cursor;
}

/** What DuckDB takes at a time. */
const MOST_ROWS = 2048;

export function createScans(
  duckdb: DuckDB,
  register: (one: DuckDBTableFunction) => void,
  runs: readonly SqlRun[],
  line: FeedLine,
): Scans {
  const pieces: Piece[] = [];
  const open = new Set<number>();
  const fixedPlaces = new Map<LensField, readonly Float64Array[]>();
  let scans = 0;

  const order = (one: FeedOrder): void => line.port.postMessage(one, []);
  const placesAt = (field: LensField): readonly Float64Array[] => {
    const places = fixedPlaces.get(field) ?? fixedPlacesOf(field);
    fixedPlaces.set(field, places);
    return places;
  };
  const begin = (piece: Piece, columns: readonly number[]): Scan => {
    const { ticks, fields } = runs[piece.run]!;
    const field = fields.find(({ name }) => name === piece.field)!;
    const feed = (scans += 1);
    open.add(feed);
    order({
      type: 'open',
      feed,
      range: {
        run: piece.run,
        field: piece.field,
        fromTick: ticks[piece.from] ?? 0,
        toTick: ticks[piece.to - 1] ?? -1,
        values: columns.some((one) => one >= PLACES_FROM + placesOf(field).length),
      },
    });
    return { feed, columns, cursor: createCursor(field, () => placesAt(field)) };
  };
  const fill = ({ feed, columns, cursor }: Scan, chunk: DuckDBDataChunk): void => {
    while (cursor.left === 0) {
      order({ type: 'next', feed });
      const answer = awaited(line);
      if ('failed' in answer) throw new Error(answer.failed);
      if ('done' in answer) {
        open.delete(feed);
        order({ type: 'close', feed });
        chunk.rowCount = 0;
        return;
      }
      cursor.start(answer.frames);
    }
    const rows = Math.min(cursor.left, MOST_ROWS);
    chunk.rowCount = rows;
    for (const [at, column] of columns.entries()) {
      const vector = chunk.getColumnVector(at) as unknown as {
        readonly items: ColumnItems;
        flush(): void;
      };
      cursor.write(column, vector.items, rows);
      vector.flush();
    }
    cursor.advance(rows);
  };

  return {
    functionOf(number, piece) {
      const name = `lens_piece_${number}`;
      const isKnown = pieces[number] !== undefined;
      pieces[number] = piece;
      if (isKnown) return name;
      const types = duckdb as unknown as Readonly<Record<string, DuckDBType>>;
      register(
        duckdb.DuckDBTableFunction.create({
          name,
          supportsProjectionPushdown: true,
          bindFunction(info) {
            const { run, field } = pieces[number]!;
            const found = runs[run]!.fields.find((one) => one.name === field)!;
            for (const column of columnsOf(found))
              info.addResultColumn(column.name, types[column.type]!);
          },
          initFunction(info) {
            info.setMaxThreads(1);
            info.setInitData(begin(pieces[number]!, info.getColumnIndexes()));
          },
          mainFunction(info, chunk) {
            try {
              fill(info.initData as Scan, chunk);
            } catch (error) {
              info.setError(error instanceof Error ? error.message : String(error));
            }
          },
        }),
      );
      return name;
    },
    end() {
      for (const feed of open) order({ type: 'close', feed });
      open.clear();
    },
  };
}

/** Stands still until it is there: the thread that reads lenses is another. */
function awaited({ port, answered }: FeedLine): FeedAnswer {
  for (;;) {
    const before = Atomics.load(answered, 0);
    const got = receiveMessageOnPort(port);
    if (got !== undefined) return got.message as FeedAnswer;
    Atomics.wait(answered, 0, before);
  }
}
