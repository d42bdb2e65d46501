// What `stillpoint` alone says: not everything it can do, but what one does first.
import type { Command } from 'commander';

const groups: readonly (readonly [string, readonly string[]])[] = [
  ['First:', ['init', 'doctor', 'snapshot']],
  ['Then:', ['list', 'diff', 'restore', 'undo']],
];

export function firstStepsText(program: Command): string {
  const lines = groups.flatMap(([title, names]) => [
    title,
    ...names.map((name) => {
      const command = program.commands.find((one) => one.name() === name);
      return `  ${`stillpoint ${name}`.padEnd(22)}${command?.summary() ?? ''}`;
    }),
    '',
  ]);
  return `${program.description()}

Usage: stillpoint [options] [command]

${lines.join('\n')}
stillpoint --help shows every command, stillpoint demo shows it at work.
`;
}
