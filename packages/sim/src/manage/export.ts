// A checkpoint as other tools read arrays: safetensors or npz. The file has its name only when it is whole and durable.
import { canonicalJson, failure, nameFileDurable } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import { lstat, open, unlink } from 'node:fs/promises';
import { openCheckpoint } from '../checkpoint/index.ts';
import type { OpenCheckpoint } from '../checkpoint/contract.ts';
import type { ExportedArray } from './exported-array.ts';
import { writeNpz } from './npz.ts';
import { writeSafetensors } from './safetensors.ts';

export const EXPORT_FORMATS = ['safetensors', 'npz'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** The state before too, as `previous/…`. */
  readonly previous?: boolean;
  readonly signal?: AbortSignal;
}

export interface ExportedCheckpoint {
  readonly file: string;
  readonly format: ExportFormat;
  readonly bytes: number;
  readonly arrays: readonly string[];
}

const writers = { safetensors: writeSafetensors, npz: writeNpz };

/** Writes `target`, which must not be there yet. Every byte that goes into it was verified. */
export async function exportCheckpoint(
  from: string,
  target: string,
  { format, previous = false, signal }: ExportOptions,
): Promise<ExportedCheckpoint> {
  await using checkpoint = await openCheckpoint(from);
  if (await isThere(target)) throw failure('CKPT_EXPORT_EXISTS', { file: target });
  const arrays = arraysOf(checkpoint, previous, signal);
  refuseTwice(arrays, format);
  const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    let bytes: number;
    try {
      bytes = await writers[format](handle, arrays, canonicalJson(checkpoint.facts));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await giveName(temporary, target);
    return { file: target, format, bytes, arrays: arrays.map(({ name }) => name) };
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

function arraysOf(
  checkpoint: OpenCheckpoint,
  previous: boolean,
  signal: AbortSignal | undefined,
): readonly ExportedArray[] {
  return checkpoint.sections
    .filter(({ name }) => previous || !name.startsWith('previous/'))
    .map(({ name, dtype, shape, plainBytes }) => ({
      name: name.replace(/^current\//, ''),
      dtype,
      shape,
      lengthBytes: plainBytes,
      read: async () => {
        signal?.throwIfAborted();
        return await checkpoint.read(name);
      },
    }));
}

/** An array that is itself called `previous/x`, beside the previous one of x. */
function refuseTwice(arrays: readonly ExportedArray[], format: ExportFormat): void {
  const names = new Set<string>();
  for (const { name } of arrays) {
    if (names.has(name))
      throw failure('CKPT_EXPORT_NAME', { name, format, reason: 'has it already' });
    names.add(name);
  }
}

async function giveName(temporary: string, target: string): Promise<void> {
  try {
    await nameFileDurable(temporary, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST' ? failure('CKPT_EXPORT_EXISTS', { file: target }, error) : error;
  }
}

async function isThere(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    () => false,
  );
}
