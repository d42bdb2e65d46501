// What every command works with, and the wrapper that makes a commander action of it.
import type { Command } from 'commander';
import type {
  CallOptions,
  EngineEnvironment,
  ResolvedConfig,
  Stillpoint,
} from '@stillpoint/engine';
import type { Reader } from '@stillpoint/engine/reader';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Output } from '../output/output.ts';
import { engineEnvironment } from './engine-environment.ts';
import type { Host } from './host.ts';

export interface GlobalOptions {
  readonly json?: true;
  readonly project?: string;
  readonly wait?: number;
  readonly quiet?: true;
  readonly color: boolean;
}

export interface CommandContext {
  readonly host: Host;
  readonly output: Output;
  readonly global: GlobalOptions;
  /** For each call of the library. */
  readonly call: Required<CallOptions>;
  openProject(options?: OpenOptions): Promise<OpenProject>;
  /** Only to list: at once, for little of the engine is loaded. */
  openReader(): Promise<OpenReader>;
}

export interface OpenReader extends AsyncDisposable {
  readonly config: ResolvedConfig;
  readonly reader: Reader;
}

export interface OpenOptions {
  /** 'keep' unless told: only a snapshot needs every member to be there. */
  readonly missingMembers?: 'refuse' | 'keep';
}

export interface OpenProject extends AsyncDisposable {
  readonly config: ResolvedConfig;
  readonly stillpoint: Stillpoint;
}

export function createContext(host: Host, output: Output, global: GlobalOptions): CommandContext {
  return {
    host,
    output,
    global,
    call: { signal: host.signal, onProgress: output.progress, waitMs: global.wait ?? 0 },
    async openProject(options = {}) {
      // Only now: help, mistakes and the rest of the grammar answer without loading the engine.
      const engine = await import('@stillpoint/engine');
      const { config, environment } = await loadConfigHere(this, engine, options);
      const stillpoint = await engine.createStillpoint(config, environment);
      return { config, stillpoint, [Symbol.asyncDispose]: () => stillpoint[Symbol.asyncDispose]() };
    },
    async openReader() {
      const engine = await import('@stillpoint/engine/reader');
      const { config, environment } = await loadConfigHere(this, engine, {});
      const reader = await engine.openReader(config, environment);
      return { config, reader, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
    },
  };
}

/** Of either door of the engine. */
type ConfigLoading = Pick<typeof import('@stillpoint/engine'), 'findConfig' | 'loadConfig'>;

async function loadConfigHere(
  { host, output, global, call }: CommandContext,
  { findConfig, loadConfig }: ConfigLoading,
  { missingMembers = 'keep' }: OpenOptions,
): Promise<{ readonly config: ResolvedConfig; readonly environment: EngineEnvironment }> {
  const { loadProject } = await import('./load-project.ts');
  const environmentOf = async (directory: string): Promise<EngineEnvironment> => ({
    ...(await engineEnvironment(host.environment, directory)),
    progress: output.progress,
  });
  const config = await loadProject({
    ...(await whereToLook(host, global)),
    endFirst: missingMembers === 'refuse',
    load: async () =>
      loadConfig(await configFile(host, global, findConfig), {
        missingMembers,
        stillpointModule: import.meta.resolve('stillpoint'),
      }),
    environment: environmentOf,
    call,
  });
  return { config, environment: await environmentOf(config.projectDirectory) };
}

export async function whereToLook(
  host: Host,
  global: GlobalOptions,
): Promise<{ directory: string; walk: boolean }> {
  if (global.project === undefined) return { directory: host.cwd, walk: true };
  const named = path.resolve(host.cwd, global.project);
  const isDirectory = await stat(named).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return { directory: isDirectory ? named : path.dirname(named), walk: false };
}

type FindConfig = (typeof import('@stillpoint/engine'))['findConfig'];

/** `--project` names a directory or the file itself, and only that one; without it the nearest upwards counts. */
export async function configFile(
  host: Host,
  global: GlobalOptions,
  findConfig: FindConfig,
): Promise<string> {
  if (global.project === undefined) return findConfig(host.cwd);
  const named = path.resolve(host.cwd, global.project);
  const isFile = await stat(named).then(
    (found) => found.isFile(),
    () => false,
  );
  return isFile ? named : findConfig(named, { walk: false });
}

/** Makes the action of a command: its positional arguments come as strings, its options as `O`. */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- commander knows no types; the caller says what it declared
export type Runner = <O extends object>(
  work: (context: CommandContext, options: O, positional: readonly string[]) => Promise<void>,
) => (...commanderArguments: unknown[]) => Promise<void>;

export function createRunner(makeContext: (global: GlobalOptions) => CommandContext): Runner {
  return (work) =>
    async (...given) => {
      // commander hands over: positional arguments, the command's options, the command.
      const command = given.at(-1) as Command;
      const options = given.at(-2) as Parameters<typeof work>[1];
      await work(makeContext(command.optsWithGlobals<GlobalOptions>()), options, command.args);
    };
}
