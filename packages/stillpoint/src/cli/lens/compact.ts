// stillpoint lens compact
import { failure, isFailure, parseSize } from '@stillpoint/core';
import type { CompactedLens } from '@stillpoint/sim';
import { InvalidArgumentError, type Command } from 'commander';
import { bytesText, countText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { addLensDirOption, lensDirOf, runsOf, type LensRunOptions } from './places.ts';

interface Options extends LensRunOptions {
  readonly target?: number;
}

export function addLensCompactCommand(lens: Command, run: Runner): void {
  const command = lens
    .command('compact')
    .summary('fewer and larger files')
    .description(
      'Seals what runs that were killed have left open, and makes one file of small ones that follow each other. A run that goes on is left alone. Killed at any moment, no frame is lost.',
    )
    .option('--run <id>', 'only that run')
    .option('--target <size>', 'no merged file is larger; 256MB unless told', sizeOption);
  addLensDirOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens compact\n  stillpoint lens compact --run terra-1 --target 1GB',
    )
    .action(
      run<Options>(async (context, options) => {
        const { output } = context;
        const done: CompactedLens[] = [];
        const runs = await runsOf(context, options);
        for (const at of runs) {
          const one = await compact(context, at, options);
          if (one === undefined) continue;
          done.push(one);
          show(context, one);
        }
        output.result(done);
        if (runs.length === 0) output.say('There are no frames.');
        const reasons = done.flatMap(({ damaged }) => damaged);
        if (reasons.length > 0)
          throw failure('LENS_SOME_DAMAGED', {
            path: lensDirOf(options),
            reasons: reasons.join(' '),
          });
      }),
    );
}

/** Of many, those that go on are passed over; the one that was named is refused. */
async function compact(
  { call, output }: CommandContext,
  at: string,
  { run, target }: Options,
): Promise<CompactedLens | undefined> {
  const { compactLens } = await loadSim();
  try {
    const { signal, onProgress } = call;
    const size = target === undefined ? {} : { targetBytes: target };
    return await compactLens(at, { signal, onProgress, ...size });
  } catch (error) {
    if (run !== undefined || !isFailure(error) || error.code !== 'RUN_BUSY') throw error;
    output.say(`${error.message} It was left as it is.`);
    return undefined;
  }
}

function show({ output }: CommandContext, done: CompactedLens): void {
  const { runId, sealed, merged, beforeBytes, afterBytes } = done;
  const from = merged.reduce((sum, one) => sum + one.from.length, 0);
  const parts = [
    ...(sealed.length === 0 ? [] : [`${countText(sealed.length, 'chunk')} sealed`]),
    ...(from === 0 ? [] : [`${countText(from, 'chunk')} became ${merged.length}`]),
  ];
  const what = parts.length === 0 ? 'nothing to do' : parts.join(', ');
  output.data(`${runId}: ${what}, ${bytesText(beforeBytes)} → ${bytesText(afterBytes)}`);
}

function sizeOption(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined || bytes < 1) throw new InvalidArgumentError('Write a size like 256MB.');
  return bytes;
}
