// stillpoint demo
import type { Command } from 'commander';
import type { Runner } from './context.ts';

interface Options {
  readonly directory?: string;
  readonly keep?: true;
}

export function addDemoCommand(program: Command, run: Runner): void {
  program
    .command('demo')
    .summary('watch it happen: break everything, bring it back')
    .description(
      'Builds a small system in a temporary directory (three repositories, a Postgres, programs that write all the time), takes a snapshot, breaks everything, restores it and compares.',
    )
    .option('--directory <dir>', 'build it here (empty or absent)')
    .option('--keep', 'leave it there to play with')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint demo\n  stillpoint demo --directory ./playground --keep',
    )
    .action(
      run<Options>(async (context, options) => {
        const { runDemo } = await import('./demo/run-demo.ts');
        await runDemo(context, options);
      }),
    );
}
