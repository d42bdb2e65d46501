// Items in the database: rows in and out, and which of them another embedder made.
import type { Queryable, ServerFacts, Transaction } from '../database/contract.ts';
import { copyRows, encodeJson, type CopyColumn } from '../jsonb/index.ts';
import type { MemoryItem, NewItem } from './contract.ts';
import type { EmbedderIdentity } from './embedding.ts';
import type { MemoryStatus } from './statuses.ts';

const COLUMNS =
  'id, text, metadata, status, source, created, updated, embedder, embedder_version, dimensions';

interface ItemRow {
  readonly id: string;
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: MemoryStatus;
  readonly source: string | null;
  readonly created: Date;
  readonly updated: Date;
  readonly embedder: string;
  readonly embedder_version: string;
  readonly dimensions: number;
}

export interface Embedded {
  readonly item: NewItem;
  readonly embedding: Float32Array;
}

function itemOf(row: ItemRow): MemoryItem {
  const { id, text, metadata, status, created, updated, dimensions } = row;
  const embedder = { name: row.embedder, version: row.embedder_version, dimensions };
  return {
    id,
    text,
    metadata,
    status,
    source: row.source ?? undefined,
    created,
    updated,
    embedder,
  };
}

export async function insertItem(
  server: Queryable,
  embedder: EmbedderIdentity,
  { item, embedding }: Embedded,
): Promise<MemoryItem> {
  const { rows } = await server.query<ItemRow>(
    `INSERT INTO vectors.items (text, metadata, status, source, embedder, embedder_version, dimensions, embedding)
     VALUES ($1, $2::jsonb, $3, $4, $5, $6, $7, $8::real[]) RETURNING ${COLUMNS}`,
    [...valuesOf(embedder, item), arrayText(embedding)],
  );
  return itemOf(rows[0]!);
}

const copied: readonly CopyColumn[] = [
  { name: 'text', type: 'text' },
  { name: 'metadata', type: 'jsonb' },
  { name: 'status', type: 'text' },
  { name: 'source', type: 'text' },
  { name: 'embedder', type: 'text' },
  { name: 'embedder_version', type: 'text' },
  { name: 'dimensions', type: 'int4' },
  { name: 'embedding', type: 'float4[]' },
];

export async function insertItems(
  transaction: Transaction,
  kind: ServerFacts['kind'],
  embedder: EmbedderIdentity,
  batch: readonly Embedded[],
): Promise<number> {
  if (kind === 'pglite') return await insertByArrays(transaction, embedder, batch);
  return await copyRows(
    transaction,
    { schema: 'vectors', table: 'items', columns: copied },
    batch.map(({ item, embedding }) => [...valuesOf(embedder, item), Array.from(embedding)]),
  );
}

/** PGlite's COPY is one from a file, which an application's role may not do. */
async function insertByArrays(
  transaction: Transaction,
  { name, version, dimensions }: EmbedderIdentity,
  batch: readonly Embedded[],
): Promise<number> {
  const { rowCount } = await transaction.query(
    `INSERT INTO vectors.items (text, metadata, status, source, embedder, embedder_version, dimensions, embedding)
     SELECT text, metadata::jsonb, status, source, $1, $2, $3, embedding::real[]
     FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
       AS given(text, metadata, status, source, embedding)`,
    [
      name,
      version,
      dimensions,
      batch.map(({ item }) => item.text),
      batch.map(({ item }) => encodeJson(item.metadata ?? {}).bytes.toString('utf8')),
      batch.map(({ item }) => item.status ?? 'speculative'),
      batch.map(({ item }) => item.source ?? null),
      batch.map(({ embedding }) => arrayText(embedding)),
    ],
  );
  return rowCount;
}

function valuesOf(embedder: EmbedderIdentity, item: NewItem): readonly unknown[] {
  const { text, metadata = {}, status = 'speculative', source } = item;
  const { name, version, dimensions } = embedder;
  return [text, encodeJson(metadata), status, source, name, version, dimensions];
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is no id is one that is not there. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

export async function readItems(
  server: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, MemoryItem>> {
  const { rows } = await server.query<ItemRow>(
    `SELECT ${COLUMNS} FROM vectors.items WHERE id = ANY ($1::uuid[])`,
    [ids.filter(isId)],
  );
  return new Map(rows.map((row) => [row.id, itemOf(row)]));
}

/** Undefined: no item of this id, or not of a status in `from`. */
export async function updateStatus(
  server: Queryable,
  id: string,
  from: readonly MemoryStatus[],
  to: MemoryStatus,
): Promise<MemoryItem | undefined> {
  if (!isId(id)) return undefined;
  const { rows } = await server.query<ItemRow>(
    `UPDATE vectors.items SET status = $3 WHERE id = $1 AND status = ANY ($2::text[]) RETURNING ${COLUMNS}`,
    [id, from, to],
  );
  const [row] = rows;
  return row && itemOf(row);
}

const OTHER = '(embedder, embedder_version, dimensions)';

/** By two looks into the index, whatever the number of items. */
export async function hasOthers(server: Queryable, embedder: EmbedderIdentity): Promise<boolean> {
  const { name, version, dimensions } = embedder;
  const { rows } = await server.query<{ readonly others: boolean }>(
    `SELECT EXISTS (SELECT FROM vectors.items WHERE ${OTHER} < ($1, $2, $3))
       OR EXISTS (SELECT FROM vectors.items WHERE ${OTHER} > ($1, $2, $3)) AS others`,
    [name, version, dimensions],
  );
  return rows[0]!.others;
}

export interface CountedEmbedder extends EmbedderIdentity {
  readonly items: number;
}

export async function countByEmbedder(server: Queryable): Promise<readonly CountedEmbedder[]> {
  const { rows } = await server.query<CountedEmbedder>(
    `SELECT embedder AS name, embedder_version AS version, dimensions, count(*)::int AS items
     FROM vectors.items GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3`,
  );
  return rows;
}

export interface OtherItem {
  readonly id: string;
  readonly text: string;
}

/** In the order of their ids, after the one of the batch before. */
export async function readOthers(
  server: Queryable,
  { name, version, dimensions }: EmbedderIdentity,
  after: string,
  limit: number,
): Promise<readonly OtherItem[]> {
  const { rows } = await server.query<OtherItem>(
    `SELECT id, text FROM vectors.items
     WHERE ${OTHER} <> ($1, $2, $3) AND id > $4::uuid ORDER BY id LIMIT $5`,
    [name, version, dimensions, after, limit],
  );
  return rows;
}

/** The texts never change, so whoever is there still is the one that was read. */
export async function replaceEmbeddings(
  server: Queryable,
  { name, version, dimensions }: EmbedderIdentity,
  embeddings: ReadonlyMap<string, Float32Array>,
): Promise<number> {
  const { rowCount } = await server.query(
    `UPDATE vectors.items SET embedder = $1, embedder_version = $2, dimensions = $3, embedding = made.embedding::real[]
     FROM unnest($4::uuid[], $5::text[]) AS made(id, embedding) WHERE items.id = made.id`,
    [name, version, dimensions, [...embeddings.keys()], [...embeddings.values()].map(arrayText)],
  );
  return rowCount;
}

function arrayText(embedding: Float32Array): string {
  return `{${embedding.join(',')}}`;
}
