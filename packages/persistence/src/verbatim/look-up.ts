// The questions to the tables of facts. A key is stated once and found through its first fact; what it says now, or said then, is the
// newest fact of its chain.
import { failure } from '@stillpoint/core';
import type { Queryable } from '../database/contract.ts';
import type { Fact, FoundBy, FoundFact, LookOptions } from './contract.ts';
import { fold } from './fold.ts';
import { countTokens, runsOf, type Run } from './phrases.ts';

/** A question of more words is a document: each of its runs would be looked up. */
const QUESTION_TOKENS = 2000;
const LIMIT = 20;

export interface FactRow {
  readonly id: string;
  readonly key: string;
  readonly folded: string;
  readonly value: unknown;
  readonly source: string;
  readonly stated_at: Date;
  readonly revision: number;
  readonly supersedes: string | null;
}

interface HitRow extends FactRow {
  readonly hit: string;
  readonly hit_name: string;
  readonly hit_alias: boolean;
}

export const COLUMNS = 'id, key, folded, value, source, stated_at, revision, supersedes';

export function factOf(row: FactRow): Fact {
  const { id, key, value, source, revision } = row;
  return {
    id,
    key,
    value,
    source,
    statedAt: row.stated_at,
    revision,
    supersedes: row.supersedes ?? undefined,
  };
}

/** `$1` is the time as of which, or null. `keys` and `aliases` select the same columns: hit, hit_name, key_folded, hit_alias. */
function newestOf(keys: string, aliases: string): string {
  return `
    SELECT hit, hit_name, hit_alias, fact.* FROM ((${keys}) UNION ALL (${aliases})) AS hits CROSS JOIN LATERAL (
      SELECT ${COLUMNS} FROM verbatim.facts
      WHERE folded = hits.key_folded AND ($1::timestamptz IS NULL OR stated_at <= $1)
      ORDER BY folded, revision DESC LIMIT 1
    ) AS fact`;
}

const KEYS = (hit: string) => `
  SELECT ${hit} AS hit, key AS hit_name, folded AS key_folded, false AS hit_alias
  FROM verbatim.facts WHERE revision = 1`;
const ALIASES = (hit: string) => `
  SELECT ${hit} AS hit, alias AS hit_name, key_folded, true AS hit_alias
  FROM verbatim.aliases WHERE ($1::timestamptz IS NULL OR stated_at <= $1)`;

// OFFSET 0 keeps the planner from joining the table as a whole: for some thousands of runs it would read it from end to end.
const forEachRun = (select: string): string => `
  SELECT found.* FROM unnest($2::text[]) AS run CROSS JOIN LATERAL (${select} AND phrase = run OFFSET 0) AS found`;
// The largest code point of Unicode stands for whatever follows.
const beginning = (select: string): string =>
  `${select} AND folded >= $2 AND folded < $2 || U&'\\+10FFFF' ORDER BY folded LIMIT $3`;

export const INSIDE = newestOf(forEachRun(KEYS('phrase')), forEachRun(ALIASES('phrase')));
export const EXACT = newestOf(
  `${KEYS('folded')} AND folded = $2`,
  `${ALIASES('folded')} AND folded = $2`,
);
export const PREFIX = `${newestOf(beginning(KEYS('folded')), beginning(ALIASES('folded')))}
  ORDER BY hit, hit_alias, key_folded LIMIT $3`;

export async function findExact(
  server: Queryable,
  name: string,
  { asOf, limit = LIMIT }: LookOptions,
): Promise<readonly FoundFact[]> {
  const { rows } = await server.query<HitRow>(EXACT, [asOf ?? null, fold(name)]);
  return distinct(rows.map((row) => found(row, row.hit_alias ? 'alias' : 'exact'))).slice(0, limit);
}

export async function findPrefix(
  server: Queryable,
  start: string,
  { asOf, limit = LIMIT }: LookOptions,
): Promise<readonly FoundFact[]> {
  const { rows } = await server.query<HitRow>(PREFIX, [asOf ?? null, fold(start), limit]);
  return rows.map((row) => found(row, 'prefix'));
}

export async function findInside(
  server: Queryable,
  question: string,
  { asOf, limit = LIMIT }: LookOptions,
): Promise<readonly FoundFact[]> {
  const tokens = countTokens(question);
  if (tokens > QUESTION_TOKENS)
    throw failure('FACT_QUESTION_TOO_LONG', { words: tokens, most: QUESTION_TOKENS });
  const places = Map.groupBy(runsOf(question), ({ phrase }) => phrase);
  if (places.size === 0) return [];
  const { rows } = await server.query<HitRow>(INSIDE, [asOf ?? null, [...places.keys()]]);
  const whole = fold(question);
  const byHit = Map.groupBy(rows, ({ hit }) => hit);
  const rowsOf = ({ phrase }: Run): readonly HitRow[] => byHit.get(phrase) ?? [];
  const longest = withoutCovered(rows.flatMap((row) => places.get(row.hit) ?? [])).flatMap((run) =>
    rowsOf(run).map((row) => ({ row, run, length: run.to - run.from })),
  );
  longest.sort(
    (a, b) =>
      b.length - a.length ||
      Number(a.row.hit_alias) - Number(b.row.hit_alias) ||
      a.run.from - b.run.from,
  );
  const all = longest.map(({ row }) => {
    if (fold(row.hit_name) !== whole) return found(row, 'inside');
    return found(row, row.hit_alias ? 'alias' : 'exact');
  });
  return distinct(all).slice(0, limit);
}

/** Those that are not inside of a longer one, each once. In one pass: a question may repeat a key a thousand times. */
function withoutCovered(runs: readonly Run[]): readonly Run[] {
  const inOrder = runs.toSorted((a, b) => a.from - b.from || b.to - a.to);
  let reached = 0;
  // Whatever begins before it and does not end before it has it inside.
  return inOrder.filter(({ to }) => {
    if (to <= reached) return false;
    reached = to;
    return true;
  });
}

function found(row: HitRow, by: FoundBy): FoundFact {
  return { by, name: row.hit_name, fact: factOf(row) };
}

/** A fact once, by the best of the ways that lead to it. */
function distinct(all: readonly FoundFact[]): readonly FoundFact[] {
  const order: readonly FoundBy[] = ['exact', 'alias', 'inside'];
  const sorted = all.toSorted((a, b) => order.indexOf(a.by) - order.indexOf(b.by));
  const seen = new Set<string>();
  return sorted.filter(({ fact }) => !seen.has(fact.id) && seen.add(fact.id));
}
