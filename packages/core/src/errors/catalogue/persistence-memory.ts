// What can go wrong with: memory, items that are found by likeness. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceMemory = {
  MEMORY_NOT_INSTALLED: {
    message: 'The database "{database}" has no tables of memory.',
    hint: 'Run stillpoint migrate, or installChambers() with memoryPart, as the role that owns the database.',
    exit: exit.failed,
    retryable: false,
  },
  MEMORY_EMBEDDING_INVALID: {
    message: 'The embedder {embedder} gave what is no embedding: {reason}.',
    hint: 'Correct the embedder: it returns one vector for each text, with as many finite numbers as its `dimensions` says, not all zero.',
    exit: exit.failed,
    retryable: false,
  },
  MEMORY_EMBEDDER_CHANGED: {
    message: '{count} items have embeddings of another embedder than {embedder}: {others}.',
    hint: 'Run reembed(): until then they cannot be compared. recall() with otherEmbedders: "leave out" answers without them.',
    exit: exit.failed,
    retryable: false,
  },
  MEMORY_TEXT_REFUSED: {
    message:
      'The {what} of an item has a zero character or half a surrogate pair, which no database holds.',
    hint: "Nothing was written. Take them out before: text.replaceAll('\\0', '').toWellFormed().",
    exit: exit.failed,
    retryable: false,
  },
  MEMORY_ITEM_UNKNOWN: {
    message: 'There is no memory item with the id {id}.',
    hint: 'It was deleted, or a snapshot from before it was restored.',
    exit: exit.notFound,
    retryable: false,
  },
  MEMORY_TRANSITION_REFUSED: {
    message: 'The memory item {id} is {from}, and cannot become {to}.',
    hint: 'A speculative item is consecrated or retracted, a consecrated one is retracted, and a retracted one stays so. Remember the text anew.',
    exit: exit.failed,
    retryable: false,
  },
  MEMORY_INDEX_UNAVAILABLE: {
    message: 'The vector index "{index}" cannot be used: {reason}.',
    hint: 'Install pgvector on the server, run CREATE EXTENSION vector as an administrator and stillpoint migrate again; or leave the choice of the index to the library.',
    exit: exit.failed,
    retryable: false,
  },
  MEMORY_SCAN_TOO_LARGE: {
    message: 'Searching without pgvector would take more than {most} of memory for {items} items.',
    hint: 'Install pgvector on the server, or raise `scanMemoryBytes` if the machine has room.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
