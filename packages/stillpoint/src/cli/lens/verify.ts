// stillpoint lens verify [PATH]
import { failure } from '@stillpoint/core';
import type { LensPlace, VerifiedLensFile } from '@stillpoint/sim';
import type { Command } from 'commander';
import path from 'node:path';
import { bytesText, countText } from '../../output/units.ts';
import { shownPath } from '../checkpoint/places.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { LENS, locate, locateRun, placeText, runsAt, USUAL_LENS_DIRECTORY } from './places.ts';

interface Verified extends VerifiedLensFile {
  /** What the file is in, as it was located. */
  readonly lens: string;
}

export function addLensVerifyCommand(lens: Command, run: Runner): void {
  lens
    .command('verify')
    .argument('[path]', `${LENS}; ./${USUAL_LENS_DIRECTORY} when left out`)
    .summary('read every byte, and say what is damaged')
    .description(
      'Reads every byte of a lens, of all of its runs where it is a directory of runs, and holds it against its checksums. What is damaged is named part by part; the rest can be read.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens verify\n  stillpoint lens verify https://example.org/lens/terra-1',
    )
    .action(
      run(async (context, _options, [given]) => {
        const { verifyLens } = await loadSim();
        const { call, output } = context;
        const verified: Verified[] = [];
        for (const place of await placesOf(context, given))
          for await (const one of verifyLens(place, call.signal)) {
            verified.push({ lens: place.name, ...one });
            show(context, place, one);
          }
        output.result(verified);
        if (verified.length === 0)
          throw failure('LENS_EMPTY', {
            path: placeText(context, given ?? USUAL_LENS_DIRECTORY),
          });
        const reasons = verified.flatMap(({ damaged }) => damaged);
        if (reasons.length > 0)
          throw failure('LENS_SOME_DAMAGED', {
            path: given ?? USUAL_LENS_DIRECTORY,
            reasons: reasonsText(reasons),
          });
      }),
    );
}

async function placesOf(
  context: CommandContext,
  given: string | undefined,
): Promise<readonly LensPlace[]> {
  const runs = await runsAt(context, given);
  const places: LensPlace[] = [];
  for (const one of runs) places.push((await locate(context, one.path)).place);
  if (runs.length > 0) return places;
  const one = given === undefined ? locateRun(context, {}) : locate(context, given);
  return [(await one).place];
}

function show(context: CommandContext, { name }: LensPlace, one: VerifiedLensFile): void {
  const { output } = context;
  const { green, red } = output.style;
  const file = path.basename(name) === one.file ? name : `${name}/${one.file}`;
  const state = one.ok ? green('whole') : red('damaged');
  const what = `${countText(one.frames, 'frame')}, ${bytesText(one.sizeBytes)}`;
  output.data(`${shownPath(context, file)}  ${state}  ${what}`);
  if (one.cutBytes > 0)
    output.data(`  ends with ${bytesText(one.cutBytes)} of a frame that is not whole`);
  for (const reason of one.damaged) output.data(`  ${reason}`);
}

const MOST_REASONS = 5;

function reasonsText(reasons: readonly string[]): string {
  const more = reasons.length - MOST_REASONS;
  // Some are whole sentences.
  const shown = reasons
    .slice(0, MOST_REASONS)
    .map((one) => one.replace(/\.$/, ''))
    .join('; ');
  return more > 0 ? `${shown}; and ${more} more.` : `${shown}.`;
}
