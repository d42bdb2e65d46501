// What migrating needs of a project: its database, the models of its members, and where the files of migrations lie.
import { failure } from '@stillpoint/core';
import type { Database, Federation, MigrateOptions } from '@stillpoint/persistence';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { CommandContext, OpenProject } from '../context.ts';
import { chooseName, serverNames } from '../databases.ts';
import { loadPersistence } from '../load-persistence.ts';

export interface DaemonOptions {
  readonly source?: string;
  readonly member?: string;
}

export interface Daemon extends AsyncDisposable {
  readonly project: OpenProject;
  readonly persistence: typeof import('@stillpoint/persistence');
  readonly places: Pick<MigrateOptions, 'parts' | 'directory'> & {
    readonly database: Database;
    readonly federation: Federation;
  };
  /** Of a migration, relative to the project. */
  fileOf(this: void, name: string): string;
}

/** All that were given: where a subcommand and the command above it have the same option, commander gives it to the one above. */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- commander knows no types; the caller says what it declared
export function optionsOf<O extends DaemonOptions>({ global }: CommandContext): O {
  return global as CommandContext['global'] & O;
}

/** `commits`: the database is to know which commits its extensions are of. */
export async function openDaemon(
  context: CommandContext,
  options: DaemonOptions,
  { commits }: { readonly commits: boolean },
): Promise<Daemon> {
  await using opening = new AsyncDisposableStack();
  const project = opening.use(
    await context.openProject({ missingMembers: commits ? 'refuse' : 'keep' }),
  );
  const { config, stillpoint } = project;
  // Only now: no other command needs it, and it is large.
  const persistence = await loadPersistence();
  const member = await memberOf(project, options.member);
  const source = chooseName(serverNames(project), options.source);
  const at = await stillpoint.databaseUrl(source, context.call);
  const database = opening.use(
    await persistence.openDatabase({
      at,
      freezeLockKey: config.freeze.lockKey,
      applicationName: 'stillpoint migrate',
    }),
  );
  const known = commits ? (await stillpoint.gate(context.call)).members : [];
  const parts = persistence.libraryParts;
  const federation = await persistence.loadFederation(
    config.members.map((one) => {
      const commit = known.find((other) => other.path === one.path)?.commit ?? undefined;
      const directory = path.join(config.projectDirectory, one.path);
      return commit === undefined ? { directory } : { directory, commit };
    }),
    { parts },
  );
  const relative = path.join(member, 'stillpoint', 'migrations');
  const directory = path.join(config.projectDirectory, relative);
  const opened = opening.move();
  return {
    project,
    persistence,
    places: { database, parts, federation, directory },
    fileOf: (name) => path.join(relative, `${name}.sql`),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The one that has migrations already; the only one; the one that is called core; the project itself. MIGRATION_MEMBER_UNCLEAR. */
async function memberOf({ config }: OpenProject, named: string | undefined): Promise<string> {
  const paths = config.members.map((one) => one.path);
  if (named !== undefined) {
    const wanted = path.posix.normalize(named).replace(/(?<=.)\/$/, '');
    if (paths.includes(wanted)) return wanted;
    throw failure('MIGRATION_MEMBER_UNCLEAR', { members: `${named} is no member` });
  }
  const having: string[] = [];
  for (const one of paths) {
    const directory = path.join(config.projectDirectory, one, 'stillpoint', 'migrations');
    const found = await stat(directory).catch(() => undefined);
    if (found?.isDirectory() === true) having.push(one);
  }
  const [first, second] = having.length > 0 ? having : paths;
  if (first !== undefined && second === undefined) return first;
  const usual = having.length > 0 ? undefined : ['core', '.'].find((one) => paths.includes(one));
  if (usual !== undefined) return usual;
  const members = paths.length === 0 ? 'the project has no members' : paths.join(', ');
  throw failure('MIGRATION_MEMBER_UNCLEAR', { members });
}
