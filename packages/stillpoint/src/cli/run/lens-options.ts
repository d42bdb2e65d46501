// What `stillpoint run` is told of the lens.
import { failure } from '@stillpoint/core';
import type { SessionOptions } from '@stillpoint/sim';
import type { Command } from 'commander';
import path from 'node:path';
import { loadSim } from '../load-sim.ts';
import { countOption } from './options.ts';

export interface LensOptions {
  readonly lensDir?: string;
  readonly lensStride?: number;
  readonly lensFields?: string;
  readonly lensSignals?: string;
  readonly lensChunkSize?: number;
  readonly lensPrecision?: string;
}

export const USUAL_LENS_DIRECTORY = './lens';

export function addLensOptions(command: Command): Command {
  return command
    .option('--lens-dir <dir>', `where the lenses of runs are; ${USUAL_LENS_DIRECTORY} unless told`)
    .option('--lens-stride <ticks>', 'a frame every so many ticks; 100 unless told', countOption)
    .option('--lens-fields <names>', 'fields to capture, with commas between; all unless told')
    .option('--lens-signals <names>', 'signals to capture as they are, with commas between')
    .option('--lens-chunk-size <ticks>', 'ticks in one file; 50000 unless told', countOption)
    .option('--lens-precision <precision>', 'f64, f32 or bits:N of mantissa; f32 unless told');
}

export function asksForLens(options: LensOptions): boolean {
  const { lensDir, lensStride, lensFields, lensSignals, lensChunkSize, lensPrecision } = options;
  return [lensDir, lensStride, lensFields, lensSignals, lensChunkSize, lensPrecision].some(
    (value) => value !== undefined,
  );
}

/** Undefined: nothing is captured. Any option about the lens turns it on. Throws USAGE_INVALID. */
export async function lensOf(options: LensOptions, cwd: string): Promise<SessionOptions['lens']> {
  if (!asksForLens(options)) return undefined;
  const { lensDir, lensStride, lensFields, lensSignals, lensChunkSize, lensPrecision } = options;
  const { parsePrecision } = await loadSim();
  const precision = lensPrecision === undefined ? undefined : parsePrecision(lensPrecision);
  if (lensPrecision !== undefined && precision === undefined)
    throw failure('USAGE_INVALID', {
      problem: `${lensPrecision} is no precision.`,
      usage: 'Write f64, f32, bits:N (1 to 22 of float32) or f64:bits:N (1 to 51).',
    });
  if (lensDir?.trim() === '')
    throw failure('USAGE_INVALID', {
      problem: '--lens-dir names no directory.',
      usage: `Write --lens-dir ${USUAL_LENS_DIRECTORY}, or leave it out for that.`,
    });
  return {
    directory: path.resolve(cwd, lensDir ?? USUAL_LENS_DIRECTORY),
    fields: {
      ...(lensFields === undefined ? {} : { names: namesIn('--lens-fields', lensFields) }),
      ...(lensSignals === undefined ? {} : { signals: namesIn('--lens-signals', lensSignals) }),
      ...(precision === undefined ? {} : { precision }),
    },
    ...(lensStride === undefined ? {} : { strideTicks: lensStride }),
    ...(lensChunkSize === undefined ? {} : { chunkTicks: lensChunkSize }),
  };
}

function namesIn(option: string, text: string): readonly string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0)
    throw failure('USAGE_INVALID', {
      problem: `${option} names nothing.`,
      usage: `Write names with commas between, or leave it out: stillpoint world describe shows what there is.`,
    });
  return names;
}
