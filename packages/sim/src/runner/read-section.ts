// One section of a checkpoint, read into its place in a set. A digest guards each section; that they fit together is checked here.
import { failure } from '@stillpoint/core';
import type { OpenCheckpoint, SectionEntry } from '../checkpoint/contract.ts';
import { arrayOf, INSTANCES } from '../state/index.ts';
import type { SectionLayout, StateSet } from '../state/contract.ts';

/** Reads a section that has the form of the layout's, whatever number of instances it has. */
export async function readElements(
  set: StateSet,
  section: SectionLayout,
  entry: SectionEntry,
  checkpoint: OpenCheckpoint,
): Promise<void> {
  const array = set.arrays.get(section.name)!;
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const alive = aliveBy(entry, section);
  if (entry.plainBytes > bytes.length)
    throw failure('RUN_CAPACITY_BELOW', {
      entity: section.entity ?? section.name,
      alive,
      capacity: section.kind === 'instances' ? array.length - INSTANCES.firstId : section.capacity,
    });
  await checkpoint.readInto(entry.name, bytes.subarray(0, entry.plainBytes));
  if (section.kind === 'instances' && array[INSTANCES.count] !== alive)
    throw damaged(checkpoint.path, `section ${entry.name}`, 'it counts others than it has');
  if (section.kind !== 'member') return;
  const counted = arrayOf(set, `${section.entity}@instances`, 'u32')[INSTANCES.count];
  if (counted !== alive)
    throw damaged(checkpoint.path, `section ${entry.name}`, 'it has others than are alive');
}

function aliveBy({ shape }: SectionEntry, { kind }: SectionLayout): number {
  const first = shape[0] ?? 0;
  return kind === 'instances' ? first - INSTANCES.firstId : first;
}

/** Same dtype and shape; the number of instances may be any. */
export function isAs(entry: SectionEntry, section: SectionLayout): boolean {
  if (entry.kind !== section.kind || entry.dtype !== section.dtype) return false;
  if (section.kind === 'instances') return entry.shape.length === 1 && entry.shape[0]! >= 2;
  const own = section.kind === 'member' ? entry.shape.slice(1) : entry.shape;
  return (
    own.length === section.shape.length && own.every((length, at) => length === section.shape[at])
  );
}

export function damaged(file: string, part: string, why: string): Error {
  return failure('CKPT_DAMAGED', { file, part, why });
}
