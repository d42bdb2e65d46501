// The view of each field: all of its frames, or for one statement those that it can have anything of.
import type { DuckDBConnection } from '@duckdb/node-api';
import type { SqlRun } from './messages.ts';
import { conditionOf, piecesLeft, type Piece } from './pieces.ts';
import {
  fieldTables,
  identifier,
  quoted,
  schemaAlias,
  type FieldTable,
  type RunsOfTables,
} from './tables.ts';

export interface Views {
  readonly tables: readonly FieldTable[];
  open(): Promise<void>;
  /** Every frame of every field. */
  showAll(): Promise<void>;
  /** Of the fields of this one statement only the frames that it can have anything of. Where that cannot be known: every frame. */
  showLeft(statement: string): Promise<void>;
}

export function createViews(
  connection: DuckDBConnection,
  { runs, runColumn }: RunsOfTables,
  functionOf: (number: number, piece: Piece) => string,
): Views {
  const tables = fieldTables(runs);
  /** Each field in each run, by the number of its table function; what is narrower has the numbers behind. */
  const whole = tables.flatMap(({ field }) => wholePieces(runs, field));
  const narrowed = new Set<string>();
  let isPlanRead = false;

  const show = async (
    field: string,
    pieces: readonly (Piece & { readonly number: number })[],
    isTrial: boolean,
  ): Promise<void> => {
    const parts = pieces.map((piece) => {
      const run = runs[piece.run]!;
      const label = runColumn ? `${quoted(run.runId)} as run, ` : '';
      const condition = isTrial ? ` where ${conditionOf(run, piece)}` : '';
      return `select ${label}* from ${functionOf(piece.number, piece)}()${condition}`;
    });
    const { name } = tables.find((one) => one.field === field)!;
    const body = parts.join(' union all by name ');
    await connection.run(`create or replace view main.${identifier(name)} as ${body}`);
  };

  /** Numbers of the table functions that a plan has. */
  const planOf = async (statement: string): Promise<ReadonlySet<number>> => {
    const plan = await connection.runAndReadAll(`explain (format json) ${statement}`);
    const text = plan.getRows().flat().join('\n');
    return new Set(Array.from(text.matchAll(/"LENS_PIECE_(\d+) *"/gi), ([, at]) => Number(at)));
  };

  const showWhole = async (field: string): Promise<void> => {
    const pieces = whole.map((piece, number) => ({ ...piece, number }));
    await show(
      field,
      pieces.filter((piece) => piece.field === field),
      false,
    );
  };

  /** Numbered behind the whole ones. A field without any has one without frames: its columns are still there. */
  const showPieces = async (
    fields: readonly string[],
    pieces: readonly Piece[],
    isTrial: boolean,
  ): Promise<readonly (Piece & { readonly number: number })[]> => {
    let number = whole.length;
    const shown: (Piece & { readonly number: number })[] = [];
    for (const field of fields) {
      const own = pieces.filter((piece) => piece.field === field);
      if (own.length === 0) own.push({ ...whole.find((one) => one.field === field)!, to: 0 });
      const numbered = own.map((piece) => ({ ...piece, number: number++ }));
      narrowed.add(field);
      await show(field, numbered, isTrial);
      shown.push(...numbered);
    }
    return shown;
  };

  const showAll = async (): Promise<void> => {
    for (const field of narrowed) await showWhole(field);
    narrowed.clear();
  };

  const narrow = async (statement: string): Promise<void> => {
    const used = await planOf(statement);
    const pieces = whole.filter((_, number) => used.has(number));
    const fields = [...new Set(pieces.map(({ field }) => field))];
    const left = await piecesLeft(pieces, async (trial) => {
      const shown = await showPieces(fields, trial, true);
      const planned = await planOf(statement);
      return shown.filter(({ number, from, to }) => from < to && planned.has(number));
    });
    await showPieces(fields, left, false);
  };

  return {
    tables,
    showAll,
    async open() {
      for (const { field, name } of tables) {
        await showWhole(field);
        const alias = schemaAlias(name);
        if (alias === undefined) continue;
        const schema = identifier(alias.schema);
        await connection.run(`create schema if not exists ${schema}`);
        await connection.run(
          `create view ${schema}.${identifier(alias.table)} as from main.${identifier(name)}`,
        );
      }
      const seen = new Set<number>();
      for (const { name } of tables)
        for (const number of await planOf(`from main.${identifier(name)}`)) seen.add(number);
      // Another version of DuckDB may write its plans in another way: then nothing can be left out.
      isPlanRead = seen.size === whole.length;
    },
    async showLeft(statement) {
      if (!isPlanRead) return;
      try {
        await narrow(statement);
      } catch {
        // Not everything has a plan, and what is wrong with a statement is told when it runs.
        await showAll();
      }
    },
  };
}

function wholePieces(runs: readonly SqlRun[], field: string): readonly Piece[] {
  return runs.flatMap((run, at) =>
    run.fields.some(({ name }) => name === field)
      ? [{ run: at, field, from: 0, to: run.ticks.length }]
      : [],
  );
}
