// What is in a checkpoint: its facts, and of each section the dtype, the shape, how well it compressed and its numbers in short.
import { openCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointFacts, SectionEntry } from '../checkpoint/contract.ts';
import { numbersOf, summaryOf, type Summary } from './numbers.ts';

export interface InspectedSection extends SectionEntry {
  /** Plain bytes by stored ones. */
  readonly ratio: number;
  /** Null where it was not asked for. */
  readonly numbers: Summary | null;
}

export interface InspectedCheckpoint {
  readonly file: string;
  readonly digest: string;
  /** The file that an incremental one needs beside it. */
  readonly base: string | null;
  readonly facts: CheckpointFacts;
  readonly plainBytes: number;
  readonly storedBytes: number;
  readonly sections: readonly InspectedSection[];
}

export interface InspectOptions {
  /** Reads and verifies each section, for min, max and mean. */
  readonly numbers?: boolean;
  readonly signal?: AbortSignal;
}

export async function inspectCheckpoint(
  file: string,
  { numbers = true, signal }: InspectOptions = {},
): Promise<InspectedCheckpoint> {
  await using checkpoint = await openCheckpoint(file);
  const sections: InspectedSection[] = [];
  for (const section of checkpoint.sections) {
    signal?.throwIfAborted();
    const { name, kind, dtype, shape, plainBytes, storedBytes, digest } = section;
    const ratio = storedBytes === 0 ? 1 : plainBytes / storedBytes;
    const seen = numbers ? summaryOf(numbersOf(dtype, await checkpoint.read(name))) : null;
    const entry = { name, kind, dtype, shape, plainBytes, storedBytes, digest };
    sections.push({ ...entry, ratio, numbers: seen });
  }
  const { digest, base, facts } = checkpoint;
  return {
    file,
    digest,
    base: base?.file ?? null,
    facts,
    plainBytes: sections.reduce((sum, { plainBytes }) => sum + plainBytes, 0),
    storedBytes: sections.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    sections,
  };
}
