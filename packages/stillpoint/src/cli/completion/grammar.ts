// What a shell needs to know of the command, read off the program itself: places (a command, or a command of a command), and
// what may stand at each.
import type { Command, Option } from 'commander';

export interface Place {
  /** '' for the program, '/restore', '/db/start'. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly CompletedOption[];
  /** What its arguments are. */
  readonly takes: 'snapshots' | 'directories' | 'programs' | 'nothing';
}

export interface Word {
  readonly word: string;
  readonly description: string;
}

export interface CompletedOption extends Word {
  /** '-m', if there is one. */
  readonly short: string | undefined;
  readonly value: 'none' | 'directory' | 'text';
}

/** The program first, each command before its own. Options of the program may stand everywhere. */
export function placesOf(program: Command): readonly Place[] {
  const common = optionsOf(program).filter(({ word }) => !['--version', '--help'].includes(word));
  const visit = (command: Command, path: string): readonly Place[] => [
    {
      path,
      commands: command.commands.map((one) => ({ word: one.name(), description: one.summary() })),
      options: path === '' ? optionsOf(program) : [...optionsOf(command), ...common],
      takes: argumentsOf(command),
    },
    ...command.commands.flatMap((one) => visit(one, `${path}/${one.name()}`)),
  ];
  return visit(program, '');
}

/** Those that have a value of their own, which must not be taken for a command. */
export function valuedOptions(places: readonly Place[]): readonly string[] {
  const valued = places.flatMap(({ options }) => options.filter(({ value }) => value !== 'none'));
  return [
    ...new Set(valued.flatMap(({ word, short }) => (short === undefined ? [word] : [word, short]))),
  ];
}

export function directoryOptions(places: readonly Place[]): readonly string[] {
  const all = places.flatMap(({ options }) => options);
  return [...new Set(all.filter(({ value }) => value === 'directory').map(({ word }) => word))];
}

function optionsOf(command: Command): readonly CompletedOption[] {
  const help: CompletedOption = {
    word: '--help',
    short: '-h',
    description: 'show this help',
    value: 'none',
  };
  return [...command.options.filter(({ hidden }) => !hidden).map(toOption), help];
}

function toOption({
  long,
  short,
  description,
  flags,
  required,
  optional,
}: Option): CompletedOption {
  const takesValue = required || optional;
  return {
    word: long ?? '',
    short,
    description,
    value: !takesValue ? 'none' : flags.includes('<dir>') ? 'directory' : 'text',
  };
}

function argumentsOf(command: Command): Place['takes'] {
  const [first] = command.registeredArguments;
  if (first === undefined) return 'nothing';
  if (['dir', 'world'].includes(first.name())) return 'directories';
  if (first.name() === 'command') return 'programs';
  return /\b(latest|snapshot)\b/.test(first.description) ? 'snapshots' : 'nothing';
}

/** What bash and zsh write alike: a word before the one that is completed is an option, an option's value, or names a place. */
export function stepOverWord(places: readonly Place[]): string {
  const paths = places.slice(1).map(({ path }) => path);
  return `      ${valuedOptions(places).join('|')}) ((index++)); continue ;;
      -*) continue ;;
    esac
    case "$place/$word" in
      ${paths.join('|')}) place="$place/$word" ;;
    esac`;
}
