// Reads a configuration file. TypeScript and JavaScript are imported by Node itself, which strips types. While that
// happens a resolve hook answers two questions: `stillpoint` means this installation, so that the import works in a
// project without node_modules; and the file is an ES module, whatever package.json lies above it.
import { failure, isFailure, type StillpointError } from '@stillpoint/core';
import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolveConfig } from './resolve.ts';
import type { ResolvedConfig } from './resolved.ts';

export interface LoadOptions {
  readonly missingMembers?: 'refuse' | 'keep';
  /** The module that `import ... from 'stillpoint'` means in a configuration; this room's own index unless told. */
  readonly stillpointModule?: string;
  /** Whose configuration it is, where the file lies elsewhere; the directory that it lies in unless told. */
  readonly projectDirectory?: string;
}

/** Rejects with CONFIG_UNREADABLE and with what resolveConfig() rejects with. */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<ResolvedConfig> {
  const configFile = path.resolve(file);
  const value = configFile.endsWith('.json')
    ? await readJson(configFile)
    : await importDefault(configFile, options);
  return resolveConfig(value, {
    projectDirectory: options.projectDirectory ?? path.dirname(configFile),
    configFile,
    ...(options.missingMembers === undefined ? {} : { missingMembers: options.missingMembers }),
  });
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    // Without Node's error as the cause: what it quotes may be a password.
    const reason = (error as Error).message.replace(
      /, (?:\.\.\.)?".*" ?(?:\.\.\.)? ?is not valid JSON$/s,
      '',
    );
    throw failure('CONFIG_UNREADABLE', { file, reason: reason + (jsonLine(text, error) ?? '') });
  }
}

/** Node's message quotes what is around the mistake, ten characters to each side, but often tells no line. */
function jsonLine(text: string, error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const quoted = /, \.\.\."(.+)"(?:\.\.\.)? is not/s.exec(error.message)?.[1];
  const at = quoted === undefined ? -1 : text.indexOf(quoted);
  return at < 0 ? undefined : ` (line ${text.slice(0, at + 10).split('\n').length})`;
}

async function importDefault(file: string, options: LoadOptions): Promise<unknown> {
  const url = pathToFileURL(file).href;
  const index = import.meta.url.endsWith('.ts') ? './index.ts' : './index.js';
  const own = options.stillpointModule ?? new URL(index, import.meta.url).href;
  // JavaScript too: Node tells the line of a mistake only when it strips types.
  const format = 'module-typescript';
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'stillpoint') return { ...next(own, context), shortCircuit: true };
      const resolved = next(specifier, context);
      return resolved.url === url ? { ...resolved, format } : resolved;
    },
  });
  try {
    const module = (await import(url)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    hooks.deregister();
  }
}

function unreadable(file: string, error: unknown): StillpointError {
  if (isFailure(error)) return error;
  const problem = error instanceof Error ? error : new Error(String(error));
  const message = problem.message.replaceAll(/\s+/g, ' ').trim();
  const reason = `${message}${positionOf(file, problem)}`;
  return failure('CONFIG_UNREADABLE', { file, reason }, error);
}

/** `(line 3, column 7)`, from the error's stack, when it names the file. */
function positionOf(file: string, error: Error): string {
  if (/\(line \d+ column \d+\)/.test(error.message)) return '';
  for (const line of (error.stack ?? '').split('\n')) {
    const match = /((?:file:\/\/)?\/[^\s()]+?):(\d+)(?::(\d+))?\)?$/.exec(line);
    if (match === null) continue;
    const named = match[1]?.startsWith('file:') ? fileURLToPath(match[1]) : match[1];
    if (named === file)
      return ` (line ${match[2]}${match[3] === undefined ? '' : `, column ${match[3]}`})`;
  }
  return '';
}
