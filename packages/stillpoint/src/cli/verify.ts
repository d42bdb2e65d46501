// stillpoint verify [REF]
import { failure } from '@stillpoint/core';
import type { Loss, SnapshotVerification } from '@stillpoint/engine';
import { InvalidArgumentError, type Command } from 'commander';
import { plainText } from '../output/plain-text.ts';
import { bytesText, countText } from '../output/units.ts';
import type { CommandContext, Runner } from './context.ts';

interface Options {
  readonly deep?: true;
  readonly sample?: number;
}

/** Of the files that a snapshot lost, so many are told; the JSON has all. */
const LOSSES_SHOWN = 20;

export function addVerifyCommand(program: Command, run: Runner): void {
  program
    .command('verify')
    .argument('[ref]', 'one snapshot; all of them when left out')
    .summary('prove that the stored bytes are there and right')
    .description(
      'Checks that everything a snapshot names is in the vault; --deep reads and verifies every byte, --sample a part of them: those first that were not read for the longest time.',
    )
    .option('--deep', 'read and verify every byte')
    .option('--sample <share>', 'read and verify a part of all bytes, e.g. 5%', shareOption)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint verify\n  stillpoint verify --sample 5%\n  stillpoint verify latest --deep',
    )
    .action(
      run<Options>(async (context, options, [ref]) => {
        const { output } = context;
        if (options.sample !== undefined && (ref !== undefined || options.deep === true)) {
          throw failure('USAGE_INVALID', {
            problem: '--sample looks at the whole vault; it goes with neither REF nor --deep.',
            usage: 'stillpoint verify --help shows how it is used.',
          });
        }
        await using project = await context.openProject();
        const checked = await project.stillpoint.verify({
          ...context.call,
          ...(ref === undefined ? {} : { ref }),
          ...(options.sample === undefined ? {} : { sample: options.sample }),
          deep: options.deep === true,
        });
        output.result(
          checked.map(({ snapshot, report, losses }) => ({
            snapshot,
            ok: report.damages.length === 0,
            ...report,
            losses,
          })),
        );
        for (const one of checked) show(context, one);
        if (checked.length === 0) output.say('There is no snapshot yet.');
        const damaged = checked.filter(({ report }) => report.damages.length > 0);
        if (damaged.length > 0) {
          output.next('stillpoint vault repair --dry-run', 'To see what can be mended');
          throw failure('SNAPSHOTS_DAMAGED', { damaged: damaged.length, checked: checked.length });
        }
        if (options.deep === true || checked.length === 0) return;
        if (options.sample === undefined) {
          output.next('stillpoint verify --deep', 'To read every byte as well');
        } else {
          output.next('stillpoint verify --sample 5%', 'To read the next part');
        }
      }),
    );
}

function show(
  { output }: CommandContext,
  { snapshot, report, losses }: SnapshotVerification,
): void {
  const { green, red, yellow } = output.style;
  const good = report.damages.length === 0;
  const harm = losses.length === 0 ? yellow('damaged, nothing lost') : red('damaged');
  output.data(
    `${snapshot}  ${good ? green('whole') : harm}  ${countText(report.objects, 'object')}, ${bytesText(report.bytes)}`,
  );
  for (const damage of report.damages) output.data(`  ${damage.key}: ${damage.what}`);
  for (const loss of losses.slice(0, LOSSES_SHOWN)) output.data(`  lost: ${lossText(loss)}`);
  if (losses.length > LOSSES_SHOWN) {
    output.data(`  … and ${countText(losses.length - LOSSES_SHOWN, 'file')} more`);
  }
}

/** 'source uploads, one.png' */
export function lossText({ source, of }: Loss): string {
  const name = source === null ? 'the configuration or the manifest' : `source ${source}`;
  return of === null ? name : `${name}, ${plainText(of)}`;
}

function shareOption(text: string): number {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1];
  const share = percent === undefined ? Number.NaN : Number(percent) / 100;
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError("Write a share like '5%'.");
  return share;
}
