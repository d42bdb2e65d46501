// The completion of fish: a line for each word, with the condition under which it may stand.
import type { CompletedOption, Place } from './grammar.ts';

export function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap((place) => linesOf(place));
  return `# fish completion of stillpoint. In ~/.config/fish/config.fish: stillpoint completion fish | source
complete -c stillpoint -f
${lines.join('\n')}
`;
}

function linesOf({ path, commands, options, takes }: Place): readonly string[] {
  const here = conditionOf(
    path,
    commands.map(({ word }) => word),
  );
  const line = (rest: string): string => `complete -c stillpoint -n ${quoted(here)} ${rest}`;
  return [
    ...commands.map(({ word, description }) => line(`-a ${word} -d ${quoted(description)}`)),
    ...options.map((option) => line(optionOf(option))),
    ...(takes === 'snapshots' ? [line(`-k -a '(stillpoint completion --refs 2>/dev/null)'`)] : []),
    ...(takes === 'directories' ? [line(`-a '(__fish_complete_directories)'`)] : []),
    ...(takes === 'programs' ? [line(`-a '(__fish_complete_subcommand)'`)] : []),
  ];
}

function conditionOf(path: string, commands: readonly string[]): string {
  const words = path.split('/').filter((word) => word !== '');
  if (words.length === 0) return '__fish_use_subcommand';
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const none =
    commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.join(' ')}`];
  return [...seen, ...none].join('; and ');
}

function optionOf({ word, short, description, value }: CompletedOption): string {
  const letter = short === undefined ? '' : ` -s ${short.slice(1)}`;
  const takes = { none: '', directory: " -r -a '(__fish_complete_directories)'", text: ' -x' }[
    value
  ];
  return `-l ${word.slice(2)}${letter}${takes} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
