// stillpoint new daemon DIR
import type { Command } from 'commander';
import path from 'node:path';
import type { Runner } from './context.ts';

const EXAMPLE = '\nExample:\n  stillpoint new daemon my-daemon';

export function addNewCommands(program: Command, run: Runner): void {
  program
    .command('new')
    .summary('begin something new')
    .description('Writes the files of a new project.')
    .addHelpText('after', EXAMPLE)
    .command('daemon')
    .argument('<dir>', 'where: a directory that is empty or absent')
    .summary('a daemon whose code and data are one project')
    .description(
      'Writes a small daemon on @stillpoint/persistence: a core, one extension with a table and a job, a test that runs on a Postgres inside of its process, and the configuration. It installs nothing, and makes no repository.',
    )
    .addHelpText('after', EXAMPLE)
    .action(
      run(async ({ host, output }, _options, [dir = '.']) => {
        const { writeDaemon } = await import('./new/write-daemon.ts');
        const directory = path.resolve(host.cwd, dir);
        const { name, files } = await writeDaemon(directory);
        output.result({ directory, name, files });
        output.data(`Wrote the daemon ${output.style.bold(name)} into ${directory}.`);
        const from = path.relative(host.cwd, directory);
        if (from !== '') output.next(`cd ${shellWord(from)}`, 'Go there');
        output.next('npm install', 'Its packages');
        output.next('npm run setup', 'A git repository for the core and for each extension');
        output.next('npm test', 'To see that it works');
        output.next('npx stillpoint migrate', 'The tables');
        output.next('npm start', 'To let it work');
      }),
    );
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
