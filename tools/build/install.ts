// The command as people have it: built, packed by npm, unpacked into a directory of its own. What it depends on is linked from this
// checkout, and only what its package.json names, so that no network is needed and nothing that is missing there is found by chance.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './bundle.ts';
import { buildPackage, PACKAGE } from './package.ts';

const run = promisify(execFile);

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** `directory` exists and is empty. Resolves to the command's file. */
export async function installBuilt(directory: string): Promise<string> {
  const stage = path.join(directory, 'stage');
  await mkdir(stage);
  for (const one of ['bin', 'package.json']) {
    await cp(path.join(PACKAGE, one), path.join(stage, one), { recursive: true });
  }
  await buildPackage(path.join(stage, 'dist'), { types: false });
  // By its own package.json, without what it does before: that is done.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--offline'], {
    cwd: stage,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const installed = path.join(directory, 'node_modules/stillpoint');
  await mkdir(installed, { recursive: true });
  const from = ['--file', path.join(stage, filename), '--strip-components=1'];
  await run('tar', ['--extract', ...from, '--directory', installed]);
  await linkDependencies(installed, path.join(directory, 'node_modules'));
  return path.join(installed, 'bin/stillpoint.js');
}

async function linkDependencies(installed: string, modules: string): Promise<void> {
  const text = await readFile(path.join(installed, 'package.json'), 'utf8');
  const { dependencies, optionalDependencies } = JSON.parse(text) as Manifest;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const target = [PACKAGE, ROOT]
      .map((place) => path.join(place, 'node_modules', name))
      .find((one) => existsSync(one));
    if (target === undefined && !(name in optionalDependencies))
      throw new Error(`${name} is not installed here: npm ci`);
    if (target === undefined) continue;
    await mkdir(path.dirname(path.join(modules, name)), { recursive: true });
    await symlink(target, path.join(modules, name));
  }
}
