// Memory of one database: what callers see, put together from items, the index and the facts.
import { failure } from '@stillpoint/core';
import type { Database, Queryable, Transaction } from '../database/contract.ts';
import type { Verbatim } from '../verbatim/index.ts';
import { chooseIndex, type IndexOptions } from './choose-index.ts';
import type { Embedder, LongOptions, Memory, MemoryItem, NewItem } from './contract.ts';
import { checkEmbedder, embedAll, embedOne } from './embedding.ts';
import {
  countByEmbedder,
  insertItem,
  insertItems,
  readItems,
  readOthers,
  replaceEmbeddings,
  updateStatus,
} from './items.ts';
import { createRecall } from './recall.ts';
import { transitions, type FirstStatus, type MemoryStatus } from './statuses.ts';

export interface MemoryOptions extends IndexOptions {
  readonly embedder: Embedder;
  /** Asked before likeness. */
  readonly verbatim: Verbatim;
}

/** Texts for an embedder at a time, and items in one transaction. */
const BATCH = 128;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** The tables are there already: memoryPart. MEMORY_NOT_INSTALLED, MEMORY_INDEX_UNAVAILABLE. */
export async function createMemory(database: Database, options: MemoryOptions): Promise<Memory> {
  const { embedder, verbatim } = options;
  checkEmbedder(embedder);
  const { rows } = await database.query(`SELECT to_regclass('vectors.items') AS items`);
  if (rows[0]?.['items'] == null)
    throw failure('MEMORY_NOT_INSTALLED', { database: database.facts.database });
  const index = await chooseIndex(database, embedder, options);
  const within = async <T>(
    transaction: Transaction | undefined,
    body: (server: Queryable) => Promise<T>,
  ): Promise<T> =>
    await (transaction === undefined ? database.transaction(body) : body(transaction));

  return {
    async remember<S extends FirstStatus = 'speculative'>(
      text: string,
      { transaction, signal, ...rest }: Parameters<Memory['remember']>[1] & object = {},
    ) {
      refuseText({ text, ...rest });
      const embedding = await embedOne(embedder, text, signal);
      const embedded = { item: { text, ...rest }, embedding };
      const made = await within(transaction, (server) => insertItem(server, embedder, embedded));
      return made as MemoryItem<S>;
    },
    rememberMany: async (items, how = {}) => await rememberMany(database, embedder, items, how),
    item: async (id) => (await readItems(database, [id])).get(id),
    transition: async (item, to, transaction) => {
      const id = typeof item === 'string' ? item : item.id;
      return await within(transaction, (server) => changeStatus(server, id, to));
    },
    recall: createRecall(database, { embedder, verbatim, index }),
    reembed: async (how = {}) => await reembed(database, embedder, how),
    facts: async () => {
      const counted = await countByEmbedder(database);
      const items = counted.reduce((sum, one) => sum + one.items, 0);
      const own = counted.find(
        ({ name, version, dimensions }) =>
          name === embedder.name &&
          version === embedder.version &&
          dimensions === embedder.dimensions,
      );
      return {
        index: index.name,
        why: index.why,
        approximate: await index.approximate(),
        items,
        otherItems: items - (own?.items ?? 0),
        processBytes: index.processBytes(),
      };
    },
  };
}

/** Half a surrogate pair the client library would quietly make another character of. MEMORY_TEXT_REFUSED. */
function refuseText({ text, source = '' }: NewItem): void {
  for (const [what, given] of Object.entries({ text, source }))
    if (!given.isWellFormed() || given.includes('\0'))
      throw failure('MEMORY_TEXT_REFUSED', { what });
}

async function rememberMany(
  database: Database,
  embedder: Embedder,
  items: AsyncIterable<NewItem> | Iterable<NewItem>,
  { signal, onProgress }: LongOptions,
): Promise<number> {
  let done = 0;
  let batch: NewItem[] = [];
  const flush = async (): Promise<void> => {
    const texts = batch.map(({ text }) => text);
    const embeddings = await embedAll(embedder, texts, signal);
    const embedded = batch.map((item, at) => ({ item, embedding: embeddings[at]! }));
    done += await database.transaction((transaction) =>
      insertItems(transaction, database.facts.kind, embedder, embedded),
    );
    batch = [];
    onProgress?.({ type: 'note:said', level: 'info', text: `${done} items are remembered` });
  };
  for await (const item of items) {
    refuseText(item);
    batch.push(item);
    if (batch.length === BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  return done;
}

async function changeStatus(server: Queryable, id: string, to: MemoryStatus): Promise<MemoryItem> {
  const from = (Object.keys(transitions) as MemoryStatus[]).filter((status) =>
    (transitions[status] as readonly MemoryStatus[]).includes(to),
  );
  const changed = await updateStatus(server, id, from, to);
  if (changed !== undefined) return changed;
  const found = (await readItems(server, [id])).get(id);
  if (found === undefined) throw failure('MEMORY_ITEM_UNKNOWN', { id });
  throw failure('MEMORY_TRANSITION_REFUSED', { id, from: found.status, to });
}

async function reembed(
  database: Database,
  embedder: Embedder,
  { signal, onProgress }: LongOptions,
): Promise<number> {
  let done = 0;
  let after = FIRST_ID;
  for (;;) {
    const others = await readOthers(database, embedder, after, BATCH);
    const last = others.at(-1);
    if (last === undefined) return done;
    const texts = others.map(({ text }) => text);
    const made = await embedAll(embedder, texts, signal);
    const embeddings = new Map(others.map(({ id }, at) => [id, made[at]!]));
    done += await database.transaction((transaction) =>
      replaceEmbeddings(transaction, embedder, embeddings),
    );
    after = last.id;
    onProgress?.({ type: 'note:said', level: 'info', text: `${done} items are embedded anew` });
  }
}
