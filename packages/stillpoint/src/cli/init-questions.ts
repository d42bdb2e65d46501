// What init shows of a discovery, and what it asks.
import type { Choice, Discovery, FoundDatabase } from '@stillpoint/engine';
import { renderTable, type TableOptions } from '../output/table.ts';
import { bytesText, countText } from '../output/units.ts';
import type { CommandContext } from './context.ts';

export function foundTable(found: Discovery, options: TableOptions): readonly string[] {
  const { style } = options;
  const rows = [
    ...found.repositories.map((one) => [
      one.kind === 'repository' ? 'git' : `git ${one.kind}`,
      one.path,
      one.secrets.length === 0 ? '' : `ignored: ${one.secrets.join(', ')}`,
    ]),
    ...found.databases.map((one) => [
      one.kind === 'sqlite' ? 'sqlite' : 'postgres',
      one.kind === 'sqlite' ? one.file : one.where,
      aboutDatabase(one),
    ]),
    ...found.uploads.map((one) => [
      'files',
      one.path,
      `${countText(one.files, 'file')}, not in git`,
    ]),
    ...found.runs.map((one) => ['run', one.path, `${countText(one.runs, 'run')} of simulations`]),
  ];
  const columns = [
    { title: 'FOUND', paint: style.cyan },
    { title: 'WHAT', paint: style.bold },
    { title: 'DETAILS', shrink: true, paint: style.dim },
  ];
  return renderTable(
    columns,
    rows.map((row) => row.map(oneLine)),
    options,
  );
}

function aboutDatabase(one: FoundDatabase): string {
  const places = one.foundIn.join(', ');
  if (one.kind === 'postgres') return `${one.url.env}, ${places}`;
  if (one.kind === 'postgres-unnamed') return `${places}; needs ${one.variable}`;
  return [bytesText(one.bytes), one.journal === 'wal' ? 'WAL' : 'rollback journal', places]
    .filter((part) => part !== '')
    .join(', ');
}

/** Asks for each kind; what is likely is the default. */
export async function askChoice(
  context: CommandContext,
  found: Discovery,
  likely: Choice,
): Promise<Choice> {
  const yes = (question: string, otherwise: boolean) => askYes(context, question, otherwise);
  const repositories = [];
  for (const one of found.repositories) {
    const what = one.path === '.' ? 'of this directory' : one.path;
    if (await yes(`Capture the repository ${what}?`, true)) repositories.push(one);
  }
  const secret = repositories.flatMap((one) =>
    one.secrets.map((file) => (one.path === '.' ? file : `${one.path}/${file}`)),
  );
  const secrets =
    secret.length > 0 &&
    (await yes(
      `Capture ${secret.join(', ')} too, which git ignores? The vault then holds ${secret.length === 1 ? 'it' : 'them'}.`,
      true,
    ));
  const databases = [];
  for (const one of found.databases) {
    if (one.kind === 'postgres-unnamed') continue;
    const what = one.kind === 'sqlite' ? `SQLite file ${one.file}` : `Postgres ${one.where}`;
    if (await yes(`Capture the ${what}?`, likely.databases.includes(one))) databases.push(one);
  }
  const uploads = [];
  for (const one of found.uploads) {
    if (await yes(`Capture the files in ${one.path}?`, false)) uploads.push(one);
  }
  const runs = [];
  for (const one of found.runs) {
    const what = `run of a simulation in ${one.path}`;
    if (await yes(`Capture the latest ${what}?`, likely.runs.includes(one))) runs.push(one);
  }
  return { repositories, databases, uploads, runs, secrets };
}

async function askYes(
  { host }: CommandContext,
  question: string,
  otherwise: boolean,
): Promise<boolean> {
  const answer = await host.ask(
    `${oneLine(question)} ${otherwise ? '[Y/n]' : '[y/N]'} `,
    host.signal,
  );
  if (answer.trim() === '') return otherwise;
  return /^y(es)?$/i.test(answer.trim());
}

/** A name may hold anything, also what moves the cursor of a terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '?');
}
