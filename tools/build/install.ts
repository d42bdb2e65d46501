// The packages as people have them: built, packed by npm, unpacked into a directory of its own. What they depend on is linked from this
// checkout, and only what their package.json names, so that no network is needed and nothing that is missing there is found by chance.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { listSources } from '../../packages/stillpoint/bin/find-built.js';
import { buildPackage } from './package.ts';
import { persistence, ROOT, sim, stillpoint, type Published } from './published.ts';

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** `directory` exists and is empty. Resolves to the command's file. */
export async function installBuilt(directory: string): Promise<string> {
  return path.join(await install(stillpoint, directory), 'bin/stillpoint.js');
}

/** Beside the command, in the same `directory`. Resolves to where it is. */
export async function installPersistence(directory: string): Promise<string> {
  return await install(persistence, directory);
}

/** As the persistence library is. */
export async function installSim(directory: string): Promise<string> {
  return await install(sim, directory);
}

async function install(published: Published, directory: string): Promise<string> {
  const stage = path.join(directory, 'stage');
  await mkdir(stage);
  for (const one of ['bin', 'package.json']) {
    const from = path.join(published.directory, one);
    if (existsSync(from)) await cp(from, path.join(stage, one), { recursive: true });
  }
  await buildPackage(published, path.join(stage, 'dist'), { types: false, sources: listSources() });
  // By its own package.json, without what it does before: that is done.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--offline'], {
    cwd: stage,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const manifest = JSON.parse(await readFile(path.join(stage, 'package.json'), 'utf8')) as Manifest;
  const installed = path.join(directory, 'node_modules', manifest.name);
  await mkdir(installed, { recursive: true });
  const from = ['--file', path.join(stage, filename), '--strip-components=1'];
  await run('tar', ['--extract', ...from, '--directory', installed]);
  await rm(stage, { recursive: true });
  await linkDependencies(published, manifest, path.join(directory, 'node_modules'));
  return installed;
}

async function linkDependencies(
  published: Published,
  { dependencies, optionalDependencies = {} }: Manifest,
  modules: string,
): Promise<void> {
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const target = [published.directory, ROOT]
      .map((place) => path.join(place, 'node_modules', name))
      .find((one) => existsSync(one));
    if (target === undefined && !(name in optionalDependencies))
      throw new Error(`${name} is not installed here: npm ci`);
    const link = path.join(modules, name);
    // The other package may need it too.
    if (target === undefined || existsSync(link)) continue;
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(target, link);
  }
}
