// The reference pages that are made from the code: errors, exit statuses, the command's grammar, its JSON.
import { catalogue, catalogueSections, exitCodes, type ErrorCode } from '@stillpoint/core';
import type { EventEmitter } from 'node:events';
import { createProgram, TAGLINE } from '../../packages/stillpoint/src/cli/program.ts';
import { jsonPage } from './json-page.ts';

type Command = ReturnType<typeof createProgram>;

export interface Page {
  /** From the repository's root. */
  readonly file: string;
  readonly text: string;
}

const MADE = '<!-- Made from the code by `npm run docs`. Change the code, not this page. -->';

export function references(): readonly Page[] {
  return [
    { file: 'docs/reference/errors.md', text: errorsPage() },
    { file: 'docs/reference/exit-codes.md', text: exitCodesPage() },
    { file: 'docs/reference/cli.md', text: cliPage() },
    { file: 'docs/reference/json.md', text: jsonPage(MADE, commandNames()) },
  ];
}

function sections(): readonly { readonly title: string; readonly codes: readonly ErrorCode[] }[] {
  return Object.entries(catalogueSections).map(([title, section]) => ({
    title,
    codes: Object.keys(section) as ErrorCode[],
  }));
}

function errorsPage(): string {
  const lines = [
    MADE,
    '# Errors',
    '',
    'Every error has a code. Codes are API: they are never renamed and never used again for something else. The words may',
    'change. Words in braces are filled in. "Retryable" means that the same call may succeed later without anybody changing',
    'anything. The exit statuses are described in [exit-codes.md](exit-codes.md), the JSON form in [json.md](json.md).',
  ];
  for (const { title, codes } of sections()) {
    lines.push('', `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`);
    for (const code of codes) {
      const { message, hint, exit, retryable } = catalogue[code];
      lines.push('', `### ${code}`, '', escape(message), '');
      lines.push(`*What to do:* ${escape(hint)}`, '');
      lines.push(`Exit status ${exit}${retryable ? ', retryable' : ''}.`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Markdown would take `<dir>` for a tag. */
function escape(text: string): string {
  return text.replaceAll('<', '\\<');
}

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'It is done.',
  failed:
    'It failed. `exec` passes on the exit status of the program that it ran, `demo` fails when anything differs.',
  usage:
    'The command line, the configuration or the answer to a question was not right. Nothing was begun.',
  partial: 'Some of it was done.',
  notFound: 'What was asked for does not exist: a snapshot, a name, a database.',
  locked: 'Another stillpoint holds the project, or another program a table.',
  gateBlocked: 'The gate would let old code wake on newer data.',
  integrity: 'Stored data is damaged.',
  freezeAborted: 'The freeze was given up; nothing was captured, and everything runs again.',
  noSpace: 'There is not enough space. Nothing was paused and nothing was changed.',
  interrupted: 'Somebody stopped it (Ctrl-C). Nothing is half-applied.',
};

function exitCodesPage(): string {
  const rows = Object.entries(exitCodes).map(([name, status]) => {
    const codes = Object.entries(catalogue).flatMap(([code, entry]) =>
      entry.exit === status ? [code] : [],
    );
    const meaning = meanings[name as keyof typeof exitCodes];
    return `| ${status} | ${meaning} | ${codes.map((code) => `[${code}](errors.md#${code.toLowerCase()})`).join(', ')} |`;
  });
  const lines = [
    MADE,
    '# Exit statuses',
    '',
    'A status that is not listed means failure.',
    '',
    '| status | meaning | errors |',
    '|---|---|---|',
    ...rows,
  ];
  return `${lines.join('\n')}\n`;
}

function cliPage(): string {
  const program = createProgram(() => async () => {});
  program.configureOutput({ getOutHelpWidth: () => 110 });
  const lines = [MADE, '# The command', '', TAGLINE, '', ...helpOf(program, 'stillpoint')];
  return `${lines.join('\n')}\n`;
}

/** Those that do something: not `db`, but `db start`; `migrate` and `migrate status`. */
function commandNames(): readonly string[] {
  const namesOf = (command: Command): readonly string[] =>
    command.commands.flatMap((one) =>
      one.commands.length === 0
        ? [one.name()]
        : [
            ...(actsItself(one) ? [one.name()] : []),
            ...namesOf(one).map((name) => `${one.name()} ${name}`),
          ],
    );
  return namesOf(createProgram(() => async () => {}));
}

/** Commander tells nobody but itself. */
function actsItself(command: Command): boolean {
  return (command as unknown as { readonly _actionHandler: unknown })._actionHandler !== null;
}

/** Global options are shown once, at the top: each command takes them too. */
function helpOf(command: Command, name: string): readonly string[] {
  const isProgram = command.parent === null;
  command.configureHelp({ showGlobalOptions: false, commandDescription: () => '', helpWidth: 110 });
  const help = command.helpInformation().trim();
  const lines = isProgram
    ? ['```text', help, '```']
    : [
        '',
        `## ${name}`,
        '',
        command.description(),
        '',
        '```text',
        help,
        ...examplesOf(command),
        '```',
      ];
  for (const child of command.commands) lines.push(...helpOf(child, `${name} ${child.name()}`));
  return lines;
}

/** What addHelpText('after') put there is only written with the help, so it is asked for as commander does. */
function examplesOf(command: Command): readonly string[] {
  const texts: string[] = [];
  (command as unknown as EventEmitter).emit('afterHelp', {
    error: false,
    command,
    write: (text: string) => texts.push(text),
  });
  return texts.join('').trimEnd().split('\n');
}
