// The built form of a published package: its `dist`, put there in one step, so that nobody ever starts half of one.
import { readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SOURCES_NAME } from '../../packages/stillpoint/bin/find-built.js';
import { bundle } from './bundle.ts';
import { writeDeclarations } from './declarations.ts';
import { noticesOf } from './notices.ts';
import { ROOT, type Published } from './published.ts';

export interface BuildOptions {
  /** Takes most of the time; nothing that is run needs them. */
  readonly types: boolean;
  /** listSources(), asked before: what changes while it is built makes it out of date. */
  readonly sources: string;
}

/** `target` is replaced. */
export async function buildPackage(
  published: Published,
  target: string,
  { types, sources }: BuildOptions,
): Promise<void> {
  const made = await mkdtemp(`${target}.`);
  try {
    await chmod(made, 0o755);
    await copyFile(path.join(ROOT, 'LICENSE'), path.join(made, 'LICENSE'));
    const taken = await bundle(published, made, installedBeside(published));
    const licensed = [...taken, ...packageOf(published.copied)].toSorted();
    await writeFile(path.join(made, 'LICENSES.txt'), noticesOf(licensed));
    await copyFiles(published.copied, made);
    if (types) await writeDeclarations(published, path.join(made, 'types'));
    await writeFile(path.join(made, SOURCES_NAME), sources);
    await rm(target, { recursive: true, force: true });
    await rename(made, target);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** What is copied from a package of others has their licence, too. */
function packageOf({ from }: Published['copied']): readonly string[] {
  const inside = /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(from)?.[0];
  return inside === undefined ? [] : [path.join(ROOT, inside)];
}

async function copyFiles({ to, from, files }: Published['copied'], made: string): Promise<void> {
  for (const file of files) {
    const target = path.join(made, to, file);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(path.join(ROOT, from, file), target);
  }
}

/** What npm installs with the package is not taken in; nor what its user installs for some of its uses. */
function installedBeside({ directory, takenIn }: Published): readonly string[] {
  const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly peerDependencies: Readonly<Record<string, string>>;
  };
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  return names.filter((name) => !takenIn.includes(name));
}
