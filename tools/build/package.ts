// The built form of the published package: its `dist`, put there in one step, so that nobody ever starts half of one.
import { readFileSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { listSources, SOURCES_NAME } from '../../packages/stillpoint/bin/find-built.js';
import { bundle, ROOT } from './bundle.ts';
import { writeDeclarations } from './declarations.ts';
import { noticesOf } from './notices.ts';

export const PACKAGE = path.join(ROOT, 'packages/stillpoint');

export interface BuildOptions {
  /** Takes most of the time; nothing that is run needs them. */
  readonly types: boolean;
}

/** `target` is replaced. */
export async function buildPackage(target: string, { types }: BuildOptions): Promise<void> {
  // First: what changes while it is built makes it out of date.
  const sources = listSources();
  const made = await mkdtemp(`${target}.`);
  try {
    await chmod(made, 0o755);
    await copyFile(path.join(ROOT, 'LICENSE'), path.join(made, 'LICENSE'));
    const taken = await bundle(made, installedBeside());
    await writeFile(path.join(made, 'LICENSES.txt'), noticesOf(taken));
    if (types) await writeDeclarations(path.join(made, 'types'));
    await writeFile(path.join(made, SOURCES_NAME), sources);
    await rm(target, { recursive: true, force: true });
    await rename(made, target);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/**
 * What npm installs with the package is not taken in, but for zod, of which only types are used then; nor what its user installs for
 * some commands.
 */
function installedBeside(): readonly string[] {
  const manifest = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly peerDependencies: Readonly<Record<string, string>>;
  };
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  return names.filter((name) => name !== 'zod');
}
