// stillpoint checkpoint verify [WHAT...]
import { failure } from '@stillpoint/core';
import type { VerifiedCheckpoint, Where } from '@stillpoint/sim';
import type { Command } from 'commander';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { bytesText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { addPlaceOption, shownPath, whereOf, type PlaceOptions } from './places.ts';

export function addCheckpointVerifyCommand(checkpoint: Command, run: Runner): void {
  const command = checkpoint
    .command('verify')
    .argument('[what...]', 'files, runs, or RUN@TICK; all runs when left out')
    .summary('read every byte, and say which are whole')
    .description(
      'Reads every byte of checkpoints, and of what they need, and compares it with what was written.',
    );
  addPlaceOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint verify\n  stillpoint checkpoint verify terra-1 ./moved.ckpt',
    )
    .action(
      run<PlaceOptions>(async (context, options, what) => {
        const { output } = context;
        const verified: VerifiedCheckpoint[] = [];
        for await (const one of verify(what, whereOf(context, options), context)) {
          verified.push(one);
          show(context, one);
        }
        output.result(verified);
        if (verified.length === 0) output.say('There is no checkpoint.');
        const damaged = verified.filter(({ ok }) => !ok);
        if (damaged.length === 0) return;
        const names = damaged.map(({ file }) => shownPath(context, file)).join(', ');
        const counts = { damaged: damaged.length, checked: verified.length };
        throw failure('CKPT_SOME_DAMAGED', { ...counts, names });
      }),
    );
}

async function* verify(
  what: readonly string[],
  where: Where,
  { call }: CommandContext,
): AsyncIterable<VerifiedCheckpoint> {
  const { listCheckpoints, locateCheckpoint, locateRun, verifyCheckpoint, verifyRun } =
    await loadSim();
  const { signal } = call;
  if (what.length === 0) {
    for (const run of await listCheckpoints(where.directory)) yield* verifyRun(run.path, signal);
    return;
  }
  for (const given of what) {
    const isFile = await stat(path.resolve(where.cwd, given)).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile || /@\d+$|\.ckpt$/.test(given))
      yield await verifyCheckpoint(await locateCheckpoint(given, where), signal);
    else yield* verifyRun(await locateRun(given, where), signal);
  }
}

function show(context: CommandContext, { file, bytes, ok, why }: VerifiedCheckpoint): void {
  const { output } = context;
  const { green, red } = output.style;
  const name = shownPath(context, file);
  output.data(`${name}  ${ok ? green('whole') : red('damaged')}  ${bytesText(bytes)}`);
  if (why !== null) output.data(`  ${why}`);
}
