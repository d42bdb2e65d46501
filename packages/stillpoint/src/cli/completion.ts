// stillpoint completion bash|zsh|fish
import { InvalidArgumentError, type Command } from 'commander';
import { plainText } from '../output/plain-text.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { placesOf, type Place } from './completion/grammar.ts';
import { zshScript } from './completion/zsh.ts';
import type { CommandContext, Runner } from './context.ts';
import { isDamaged } from './describe.ts';

interface Options {
  readonly refs?: true;
}

const shells: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function addCompletionCommand(program: Command, run: Runner): void {
  program
    .command('completion')
    .argument('[shell]', 'bash, zsh or fish')
    .summary('complete commands, options and snapshots in your shell')
    .description('Prints a script for your shell, made from what this version can do.')
    .option('--refs', 'print what names a snapshot, as the scripts ask for it')
    .addHelpText(
      'after',
      '\nExample:\n  source <(stillpoint completion bash)\n  stillpoint completion fish | source',
    )
    .action(
      run<Options>(async (context, options, [shell]) => {
        if (options.refs === true) {
          await printRefs(context);
          return;
        }
        const make = shells[shell ?? ''];
        if (make === undefined)
          throw new InvalidArgumentError('Name the shell: bash, zsh or fish.');
        const script = make(placesOf(program));
        context.output.result({ shell, script });
        context.output.data(script.trimEnd());
      }),
    );
}

/** Names before ids, the newest first; after a tab what is said of each. */
async function printRefs(context: CommandContext): Promise<void> {
  const { output, call } = context;
  await using opened = await context.openReader();
  const listed = await opened.reader.list(call);
  const refs = listed.toReversed().flatMap((entry) => {
    if (isDamaged(entry)) return [];
    const about = plainText(entry.message ?? entry.createdAt);
    const names = entry.name === null ? [] : [{ ref: entry.name, about }];
    return [...names, { ref: entry.id, about: entry.name ?? about }];
  });
  output.result(refs);
  output.data(
    ['latest\tthe newest', ...refs.map(({ ref, about }) => `${ref}\t${about}`)].join('\n'),
  );
}
