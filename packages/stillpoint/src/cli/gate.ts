// stillpoint gate: may this code wake on this data? And --accept: take both as they are.
import { failure } from '@stillpoint/core';
import type { GateFinding, GateVerdict } from '@stillpoint/engine';
import type { Command } from 'commander';
import { plainText } from '../output/plain-text.ts';
import type { Style } from '../output/style.ts';
import { countText } from '../output/units.ts';
import { confirm } from './confirm.ts';
import type { CommandContext, Runner } from './context.ts';

interface Options {
  readonly accept?: true;
  readonly yes?: true;
}

export function addGateCommand(program: Command, run: Runner): void {
  program
    .command('gate')
    .summary('say whether this code may run on this data')
    .description(
      'Compares what each database says of itself (its stamp, the ledgers of Prisma, Drizzle, Knex and Stillpoint) with the checkout, and with what was last captured. exec asks it before it starts a program.',
    )
    .option('--accept', 'take code and data as they are: what blocks now is passed from then on')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExit status: 0 when it passes or warns, 12 when it blocks.\n\nExample:\n  stillpoint gate\n  stillpoint gate --accept',
    )
    .action(
      run<Options>(async (context, options) => {
        await using project = await context.openProject();
        const found = await project.stillpoint.gate(context.call);
        if (options.accept !== true) {
          context.output.result(found);
          showVerdict(context, found, (line) => context.output.data(line));
          refuseIfBlocked(found, 'no program should be started');
          suggestStamp(context, found);
          return;
        }
        const { talkStyle } = context.output;
        if (found.level !== 'pass') {
          const say = (line: string): void => context.output.say(line);
          for (const line of verdictLines(found, talkStyle)) say(line);
        }
        await confirmAccepting(context, options.yes === true);
        const accepted = await project.stillpoint.acceptGate(context.call);
        context.output.result(accepted);
        showVerdict(context, accepted, (line) => context.output.data(line));
        refuseIfBlocked(accepted, 'this cannot be accepted');
      }),
    );
}

async function confirmAccepting(context: CommandContext, yes: boolean): Promise<void> {
  const { host, output } = context;
  if (!yes && (!host.interactive || output.json)) throw failure('ACCEPT_NEEDS_YES', {});
  await confirm(context, 'acceptance', yes);
}

/** Without a stamp the gate knows less: who starts programs by exec has one. */
function suggestStamp({ output }: CommandContext, { databases }: GateVerdict): void {
  if (databases.every(({ stampedAt, stamped }) => stampedAt !== null || stamped)) return;
  output.next('stillpoint exec -- COMMAND', 'A database is stamped when its program is started by');
}

/** The verdict, and what it rests on when there is nothing to say against it. */
function showVerdict(
  { output }: CommandContext,
  verdict: GateVerdict,
  write: (line: string) => void,
): void {
  for (const line of verdictLines(verdict, output.style)) write(line);
}

export function verdictLines(verdict: GateVerdict, style: Style): readonly string[] {
  if (verdict.level === 'pass') {
    const { members, databases } = verdict;
    const stamped = databases.filter(({ stampedAt, stamped: now }) => stampedAt !== null || now);
    return [
      `${style.green('pass')}  ${countText(databases.length, 'database')}, ${stamped.length} stamped; ${countText(members.length, 'member')}`,
    ];
  }
  return verdict.findings.flatMap((finding) => findingLines(finding, style));
}

function findingLines(finding: GateFinding, style: Style): readonly string[] {
  const { level, subject, what, evidence, hint } = finding;
  const word = level === 'block' ? style.red('block') : style.yellow('warn');
  const gap = level === 'block' ? '' : ' ';
  return [
    `${word}${gap} ${style.bold(plainText(subject))}: ${plainText(what)}`,
    ...evidence.map((line) => `        ${plainText(line)}`),
    `      ${style.dim(plainText(hint))}`,
  ];
}

/** Throws GATE_BLOCKED with the first that blocks; all of them were shown. */
export function refuseIfBlocked({ findings }: GateVerdict, doing: string): void {
  const worst = findings.find(({ level }) => level === 'block');
  if (worst === undefined) return;
  const { subject, what, hint } = worst;
  throw failure('GATE_BLOCKED', { doing, reason: `${subject}: ${what}`, hint });
}
