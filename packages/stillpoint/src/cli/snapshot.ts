// stillpoint snapshot
import { yieldToOthers, type ProgressListener } from '@stillpoint/core';
import type { Command } from 'commander';
import type { Runner } from './context.ts';
import { takenText, unquiesced } from './describe.ts';

interface Options {
  readonly message?: string;
  readonly name?: string;
}

export function addSnapshotCommand(program: Command, run: Runner): void {
  program
    .command('snapshot')
    .summary('capture code and databases at one still point')
    .description(
      'Captures every member and every source of the project at one still point, as one sealed snapshot.',
    )
    .option('-m, --message <text>', 'why you take it')
    .option('--name <name>', 'a name to restore it by')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint snapshot -m "before the migration" --name before-v2',
    )
    .action(
      run<Options>(async (context, options) => {
        await using project = await context.openProject({ missingMembers: 'refuse' });
        const onProgress = inBackground(context.call.onProgress);
        const snapshot = await project.stillpoint.snapshot({
          ...context.call,
          ...options,
          onProgress,
        });
        context.output.result(snapshot);
        context.output.data(takenText(snapshot, context.output.style));
        const loose = unquiesced(snapshot);
        // What is alone has nobody to differ from.
        if (loose.length > 0 && snapshot.sources.length > 1) {
          context.output.warn(
            `nobody held still for ${loose.join(', ')}: ${loose.length === 1 ? 'it is' : 'each is'} consistent in itself, not with the others. docs/guide/holding-still.md says what to do.`,
          );
        }
        context.output.next(
          `stillpoint restore ${snapshot.name ?? snapshot.id}`,
          'To come back to it',
        );
      }),
    );
}

/** Once nobody is held any more, the applications that go on come first. */
function inBackground(listener: ProgressListener): ProgressListener {
  return (event) => {
    if (event.type === 'phase:started' && event.phase === 'capture') yieldToOthers();
    listener(event);
  };
}
