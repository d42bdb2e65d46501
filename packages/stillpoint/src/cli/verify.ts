// stillpoint verify [REF]
import { failure } from '@stillpoint/core';
import type { Command } from 'commander';
import { bytesText, countText } from '../output/units.ts';
import type { Runner } from './context.ts';

interface Options {
  readonly deep?: true;
}

export function addVerifyCommand(program: Command, run: Runner): void {
  program
    .command('verify')
    .argument('[ref]', 'one snapshot; all of them when left out')
    .summary('prove that the stored bytes are there and right')
    .description(
      'Checks that everything a snapshot names is in the vault; --deep reads and verifies every byte.',
    )
    .option('--deep', 'read and verify every byte')
    .addHelpText('after', '\nExample:\n  stillpoint verify\n  stillpoint verify latest --deep')
    .action(
      run<Options>(async (context, options, [ref]) => {
        const { output } = context;
        await using project = await context.openProject();
        const checked = await project.stillpoint.verify({
          ...context.call,
          ...(ref === undefined ? {} : { ref }),
          deep: options.deep === true,
        });
        output.result(
          checked.map(({ snapshot, report }) => ({
            snapshot,
            ok: report.damages.length === 0,
            ...report,
          })),
        );
        const damaged = checked.filter(({ report }) => report.damages.length > 0);
        for (const { snapshot, report } of checked) {
          const good = report.damages.length === 0;
          const verdict = good ? output.style.green('whole') : output.style.red('damaged');
          output.data(
            `${snapshot}  ${verdict}  ${countText(report.objects, 'object')}, ${bytesText(report.bytes)}`,
          );
          for (const damage of report.damages) output.data(`  ${damage.key}: ${damage.what}`);
        }
        if (checked.length === 0) output.say('There is no snapshot yet.');
        if (damaged.length > 0) {
          throw failure('SNAPSHOTS_DAMAGED', { damaged: damaged.length, checked: checked.length });
        }
        if (options.deep !== true && checked.length > 0) {
          output.next('stillpoint verify --deep', 'To read every byte as well');
        }
      }),
    );
}
