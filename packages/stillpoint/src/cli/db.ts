// stillpoint db start|stop|status|url
import type { Command } from 'commander';
import type { CommandContext, Runner } from './context.ts';
import { chooseDatabase } from './databases.ts';
import type { ManagedDatabase } from '@stillpoint/engine';

interface Options {
  readonly source?: string;
}

type Status = Awaited<ReturnType<ManagedDatabase['status']>>;

export function addDatabaseCommands(program: Command, run: Runner): void {
  const db = program
    .command('db')
    .summary('the managed database: start, stop, status, url')
    .description('Starts, stops and shows the Postgres that Stillpoint manages for this project.')
    .addHelpText('after', '\nExample:\n  stillpoint db start\n  psql "$(stillpoint db url)"');

  const add = (
    name: string,
    summary: string,
    work: (context: CommandContext, database: ManagedDatabase) => Promise<void>,
  ): void => {
    db.command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .option('--source <name>', 'which one, when the project has several')
      .addHelpText('after', `\nExample:\n  stillpoint db ${name}`)
      .action(
        run<Options>(async (context, options) => {
          await using project = await context.openProject();
          await work(context, chooseDatabase(project, options.source));
        }),
      );
  };

  add('start', 'start it, and keep it running', async (context, database) => {
    showStatus(context, database.name, await database.start(context.call));
    context.output.next('stillpoint exec -- npm start', 'To run your program with it');
  });
  add('stop', 'stop it', async (context, database) => {
    showStatus(context, database.name, await database.stop(context.call));
  });
  add('status', 'say whether it runs, and where', async (context, database) => {
    showStatus(context, database.name, await database.status());
  });
  add('url', 'print its address, with the password', async (context, database) => {
    const url = await database.url();
    context.output.result({ name: database.name, url });
    context.output.data(url);
  });
}

function showStatus(context: CommandContext, name: string, status: Status): void {
  const { output } = context;
  output.result({ name, ...status });
  const facts = [
    `Postgres ${status.version}`,
    status.port === undefined ? '' : `port ${status.port}`,
    status.pid === undefined ? '' : `process ${status.pid}`,
    status.state === 'running' && !status.supervised ? 'not supervised' : '',
  ].filter((fact) => fact !== '');
  const state = status.state === 'running' ? output.style.green(status.state) : status.state;
  output.data(`${name}: ${state} (${facts.join(', ')})`);
}
