// The code of a world as it would run, in parts: esbuild follows its imports, drops what is not used, and the text of each module is
// taken without comments and white space. What only looks different is the same.
import { failure } from '@stillpoint/core';
import path from 'node:path';
import { build as bundle, transform, type Plugin } from 'esbuild';

export interface BundledModule {
  /** Relative to the world's directory, with '/'. */
  readonly path: string;
  /** What is used of it. */
  readonly text: string;
}

export interface WorldBundle {
  /** In the order in which they are evaluated. A module that leaves nothing (types) is not among them. */
  readonly modules: readonly BundledModule[];
}

/** `directory` is that of the world's file. Throws WORLD_BROKEN. */
export async function bundleWorld(file: string, directory: string): Promise<WorldBundle> {
  const { text, inputs } = await bundled(file, directory);
  const chunks = new Map<string, string>();
  for (const [module, chunk] of splitByModule(text, inputs))
    chunks.set(module, (chunks.get(module) ?? '') + chunk);
  const modules: BundledModule[] = [];
  for (const [module, chunk] of chunks)
    modules.push({ path: module, text: await plainText(module, chunk) });
  return { modules: modules.filter((module) => module.text !== '') };
}

async function bundled(
  file: string,
  directory: string,
): Promise<{ readonly text: string; readonly inputs: ReadonlySet<string> }> {
  try {
    const { outputFiles, metafile } = await bundle({
      entryPoints: [file],
      absWorkingDir: directory,
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      target: 'esnext',
      charset: 'utf8',
      treeShaking: true,
      // Node runs also a module that its package says has no effects, and a call that is said to be pure.
      ignoreAnnotations: true,
      legalComments: 'none',
      // What Node does not look at when it runs the world does not count here either.
      tsconfigRaw: '{}',
      logLevel: 'silent',
      plugins: [library],
    });
    return { text: outputFiles[0]!.text, inputs: new Set(Object.keys(metafile.inputs)) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw failure('WORLD_BROKEN', { file, reason }, cause);
  }
}

/** This library is not the world's code: that its ticks mean the same is said by a number of its own. */
const library: Plugin = {
  name: 'stillpoint-sim',
  setup(build) {
    build.onResolve({ filter: /^(@stillpoint\/sim(\/|$)|node:)/ }, ({ path: name }) => ({
      path: name,
      external: true,
    }));
  },
};

/** A bundle that is not minified says in a comment which module begins. A module may come in several pieces. */
function* splitByModule(
  text: string,
  inputs: ReadonlySet<string>,
): Iterable<readonly [string, string]> {
  let module: string | undefined;
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    const named = line.startsWith('// ') && inputs.has(line.slice(3)) ? line.slice(3) : undefined;
    if (named === undefined) {
      lines.push(line);
      continue;
    }
    if (module !== undefined) yield [module, `${lines.join('\n')}\n`];
    module = named;
    lines = [];
  }
  // What stands before the first module is esbuild's own.
  if (module !== undefined) yield [module, `${lines.join('\n')}\n`];
}

async function plainText(module: string, chunk: string): Promise<string> {
  const { code } = await transform(chunk, {
    loader: 'js',
    format: 'esm',
    target: 'esnext',
    charset: 'utf8',
    minifyWhitespace: true,
    legalComments: 'none',
    tsconfigRaw: '{}',
  });
  // A CommonJS module is wrapped under its path, which is no part of it.
  return code.replaceAll(`${JSON.stringify(module)}(`, '"module"(').trim();
}

/** Of a path in a package: its name, and where it lies. Undefined for a module of the world's own. */
export function packageOf(
  module: string,
): { readonly name: string; readonly directory: string } | undefined {
  const marker = 'node_modules/';
  const at = module.lastIndexOf(marker);
  if (at === -1) return undefined;
  const [first = '', second = ''] = module.slice(at + marker.length).split('/');
  const name = first.startsWith('@') ? `${first}/${second}` : first;
  return { name, directory: path.posix.join(module.slice(0, at + marker.length), name) };
}
