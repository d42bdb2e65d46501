// recall(): what is known for certain, then what is like it. The only way to the search by likeness.
import { failure } from '@stillpoint/core';
import type { Database } from '../database/contract.ts';
import type { Verbatim } from '../verbatim/index.ts';
import type {
  Embedder,
  Memory,
  MemoryItem,
  NearestOptions,
  Recalled,
  VectorIndex,
} from './contract.ts';
import { embedderText, embedOne } from './embedding.ts';
import { countByEmbedder, hasOthers, readItems } from './items.ts';

export interface RecallParts {
  readonly embedder: Embedder;
  readonly verbatim: Verbatim;
  readonly index: VectorIndex;
}

const LIMIT = 10;
const MOST = 1000;

export function createRecall(database: Database, parts: RecallParts): Memory['recall'] {
  const { embedder, verbatim } = parts;
  return async (query, options = {}) => {
    const { limit = LIMIT, statuses = ['consecrated', 'speculative'], signal } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
      throw new RangeError(`a limit is a whole number from 1 to ${MOST}`);
    signal?.throwIfAborted();
    const known = await verbatim.ask(query, { limit });
    const facts = known.map(({ by, name, fact }): Recalled => ({
      from: 'verbatim',
      why: by,
      name,
      fact,
    }));
    // Also where facts fill the limit: whoever is to hear of other embedders hears it each time.
    if ((options.otherEmbedders ?? 'refuse') === 'refuse') await refuseOthers(database, embedder);
    if (facts.length >= limit || statuses.length === 0) return facts;
    const vector = await embedOne(embedder, query, signal);
    const how = { limit: limit - facts.length, statuses, signal };
    return [...facts, ...(await similar(database, parts, vector, how))];
  };
}

async function similar(
  database: Database,
  { embedder: own, index }: RecallParts,
  vector: Float32Array,
  how: NearestOptions,
): Promise<readonly Recalled[]> {
  const embedder = embedderText(own);
  for (;;) {
    how.signal?.throwIfAborted();
    const near = await index.nearest(vector, how);
    const ids = near.map(({ id }) => id);
    const items = await readItems(database, ids);
    // What was deleted, or embedded anew by somebody else, took the place of what comes after it: each round has fewer of them.
    const gone = ids.filter((id) => embedderOf(items.get(id)) !== embedder);
    if (gone.length > 0) {
      index.forget(gone);
      continue;
    }
    return near.flatMap(({ id, score }): readonly Recalled[] => {
      const item = items.get(id);
      // Its status may have changed since the search.
      if (item === undefined || !how.statuses.includes(item.status)) return [];
      // Rounding may go beyond.
      const within = Math.max(-1, Math.min(1, score));
      return [{ from: 'memory', why: 'similarity', score: within, item }];
    });
  }
}

function embedderOf(item: MemoryItem | undefined): string | undefined {
  return item && embedderText(item.embedder);
}

/** MEMORY_EMBEDDER_CHANGED. */
async function refuseOthers(database: Database, embedder: Embedder): Promise<void> {
  if (!(await hasOthers(database, embedder))) return;
  const text = embedderText(embedder);
  const others = (await countByEmbedder(database)).filter((one) => embedderText(one) !== text);
  // They were made anew between the two looks.
  if (others.length === 0) return;
  throw failure('MEMORY_EMBEDDER_CHANGED', {
    count: others.reduce((sum, { items }) => sum + items, 0),
    embedder: text,
    others: others.map((one) => embedderText(one)).join(', '),
  });
}
