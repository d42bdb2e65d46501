export { buildVectorIndex, type BuildIndexOptions } from './build-index.ts';
export type { IndexOptions } from './choose-index.ts';
export type {
  Embedder,
  LongOptions,
  Memory,
  MemoryFacts,
  MemoryItem,
  NewItem,
  Recalled,
  RecallOptions,
  RememberOptions,
} from './contract.ts';
export { examineMemory, type ExaminedMemory } from './examine.ts';
export { createMemory, type MemoryOptions } from './memory.ts';
export { memoryPart } from './part.ts';
export { transitions, type FirstStatus, type MemoryStatus, type NextStatus } from './statuses.ts';
export { createTestEmbedder } from './test-embedder.ts';
