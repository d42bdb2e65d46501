// Makes of the sources what is published: few files, all in one directory, so that whoever starts a worker or a process finds its program
// beside itself. What a command does not need lies in files of its own, read when it is asked for.
import { build, type Metafile } from 'esbuild';
import path from 'node:path';
import { ROOT, type Published } from './published.ts';

/** CommonJS that was taken in asks for Node's own modules by it. */
const banner = `import { createRequire as requireOfBuilt } from 'node:module';
const require = requireOfBuilt(import.meta.url);`;

/** `external` are the packages that are installed beside it. Gives the packages that were taken in. */
export async function bundle(
  { entries }: Published,
  directory: string,
  external: readonly string[],
): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { ...entries },
    outdir: directory,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24.15',
    conditions: ['@stillpoint/source'],
    mainFields: ['module', 'main'],
    external: external.flatMap((name) => [name, `${name}/*`]),
    chunkNames: '[name]-[hash]',
    banner: { js: banner },
    // Names and lines stay readable: what goes wrong is shown with its stack.
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
  });
  return packagesIn(metafile);
}

/** The directories of the packages of others. */
function packagesIn({ inputs }: Metafile): readonly string[] {
  const found = Object.keys(inputs).flatMap((name) => {
    const inside = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1];
    return inside === undefined ? [] : [path.join(ROOT, inside)];
  });
  return [...new Set(found)].toSorted();
}
