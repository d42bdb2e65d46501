// stillpoint hold REF [--release]
import type { Command } from 'commander';
import type { Runner } from './context.ts';
import { isDamaged, titleOf } from './describe.ts';

interface Options {
  readonly release?: true;
}

export function addHoldCommand(program: Command, run: Runner): void {
  program
    .command('hold')
    .argument('<ref>', 'an id, the start of one, a name, latest or latest~2')
    .summary('keep a snapshot from being forgotten')
    .description(
      'Keeps a snapshot from being forgotten, until it is let go of again. Everybody who shares the vault sees it.',
    )
    .option('--release', 'let go of it again')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint hold before-v2\n  stillpoint hold before-v2 --release',
    )
    .action(
      run<Options>(async (context, options, [asked = '']) => {
        const { output } = context;
        await using project = await context.openProject();
        const { stillpoint } = project;
        const release = options.release === true;
        const marked = await (release
          ? stillpoint.release(asked, context.call)
          : stillpoint.hold(asked, context.call));
        output.result(marked);
        const ref = isDamaged(marked) ? marked.id : titleOf(marked);
        const title = output.style.bold(ref);
        if (release) {
          output.data(`${title} is no longer held.`);
          return;
        }
        output.data(`${title} is held: it is not forgotten until it is let go of.`);
        output.next(`stillpoint hold ${ref} --release`, 'To let go of it');
      }),
    );
}
