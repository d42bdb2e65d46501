// stillpoint lens sql "select ..."
import { failure, parseSize } from '@stillpoint/core';
import type { Lens } from '@stillpoint/sim';
import { InvalidArgumentError, type Command } from 'commander';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandContext, Runner } from '../context.ts';
import { ProgramEnded } from '../exec.ts';
import { loadSim } from '../load-sim.ts';
import { addLensDirOption, lensDirOf, locateEach } from './places.ts';
import { keepHeapSmall } from './small-heap.ts';
import { rowsAsCsv, rowsAsJson, rowsAsTable } from './sql-rows.ts';

interface Options {
  readonly lensDir?: string;
  readonly run?: readonly string[];
  readonly all?: true;
  readonly file?: string;
  readonly csv?: true;
  readonly memory?: number;
}

export function addLensSqlCommand(lens: Command, run: Runner): void {
  const command = lens
    .command('sql')
    .argument('[statement]', 'in the SQL of DuckDB; or --file')
    .summary('answer SQL over frames, by DuckDB')
    .description(
      'Runs a statement of SQL over the frames of runs, by DuckDB, which has to be installed: npm install @duckdb/node-api. Each field is a table of its name, with the columns tick, time_seconds, sample, the place of the sample (longitude and latitude, or x, y and z) and its value (value, or value_0, value_1 … of a vector); quote a name with anything but letters, digits and one dot in it. The tables frames, fields and dropped list what there is. Only columns that are asked for are read, and of a range of tick or time_seconds only its frames. Statements see nothing else, and change nothing.',
    )
    .option(
      '--run <id>',
      'of which run, the latest unless told; may be repeated: then every table has a column run',
      runOption,
    )
    .option('--all', 'all runs of the directory; every table has a column run')
    .option('--file <path>', 'a file that holds the statement')
    .option('--csv', 'comma-separated values, in full precision')
    .option(
      '--memory <size>',
      'what DuckDB may sort and group in; 48MB unless told, what is more goes to the disk',
      sizeOption,
    );
  addLensDirOption(command)
    .addHelpText(
      'after',
      `\nExample:\n  stillpoint lens sql "select tick, avg(value) from atmosphere.temperature group by tick order by tick"\n  stillpoint lens sql 'select * from "atmosphere.temperature" where tick between 5000 and 6000 and latitude > 60' --csv\n  stillpoint lens sql "from fields" --all`,
    )
    .action(
      run<Options>(async (context, options, [statement]) => {
        await sql(context, options, await statementOf(context, options, statement));
      }),
    );
}

async function sql(context: CommandContext, options: Options, statement: string): Promise<void> {
  keepHeapSmall();
  const { openLens, openLensSql } = await loadSim();
  const { call, host, output } = context;
  const { signal } = call;
  const located = await locateEach(context, lensDirOf(options), options);
  const damaged = new Set<string>();
  const reading = {
    signal,
    damaged: (reason: string) => {
      if (!damaged.has(reason)) output.warn(reason);
      damaged.add(reason);
    },
  };
  await using open = new AsyncDisposableStack();
  const lenses: Lens[] = [];
  for (const { place } of located) lenses.push(open.use(await openLens(place, reading)));
  const { memory, all } = options;
  const database = open.use(
    await openLensSql(lenses, {
      ...reading,
      ...(memory !== undefined && { memoryLimitBytes: memory }),
      // Columns do not depend on how many runs there happen to be.
      ...(all === true && { runColumn: true }),
    }),
  );
  const answer = await database.query(statement, { signal });
  const { stdout } = host;
  const write = async (text: string): Promise<void> => {
    stdout.write(text);
    // `stillpoint lens sql … | head`
    if ((await stdout.drained?.()) === false) throw new ProgramEnded(0);
  };
  if (output.json) await rowsAsJson(write, answer, damaged);
  else if (options.csv === true) await rowsAsCsv(write, answer);
  else if ((await rowsAsTable(write, answer)) === 0) output.say('There are no rows.');
  if (damaged.size > 0)
    throw failure('LENS_SOME_DAMAGED', {
      path: located.map(({ place }) => place.name).join(', '),
      reasons: [...damaged].join(' '),
    });
}

async function statementOf(
  { host, output }: CommandContext,
  { file, csv, run, all }: Options,
  statement: string | undefined,
): Promise<string> {
  if (csv === true && output.json) throw usage('Say one of --csv and --json.');
  if (all === true && run !== undefined) throw usage('Say one of --run and --all.');
  if ((statement === undefined) === (file === undefined))
    throw usage('Say a statement, or the file that holds it.');
  if (file === undefined) return statement!;
  const at = path.resolve(host.cwd, file);
  try {
    return await readFile(at, 'utf8');
  } catch (error) {
    throw usage(`${at} cannot be read: ${(error as Error).message}.`);
  }
}

/** Repeated: one more. */
function runOption(text: string, before: readonly string[] = []): readonly string[] {
  return before.includes(text) ? before : [...before, text];
}

function sizeOption(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined || bytes < 1024 * 1024)
    throw new InvalidArgumentError('Write a size, like 512MB.');
  return bytes;
}

function usage(problem: string): Error {
  return failure('USAGE_INVALID', {
    problem,
    usage: 'stillpoint lens sql --help shows how it is used.',
  });
}
