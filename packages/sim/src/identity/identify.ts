// Which world it is, in parts, so that a resume into another one can say what changed. See docs/decisions/0033.
import { canonicalBytes, digestOf, type Digest } from '@stillpoint/core';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { WorldIdentity } from '../checkpoint/contract.ts';
import type { LoadedWorld, WorldIr } from '../world/contract.ts';
import { bundleWorld, packageOf, type BundledModule } from './bundle.ts';

/** Raised whenever a tick of this library would mean something else: other random numbers, another order, other bits of `det`. */
const MEANING = 1;

/** Throws WORLD_BROKEN. */
export async function identify({
  world: { ir },
  file,
  directory,
  assets,
}: LoadedWorld): Promise<WorldIdentity> {
  const { modules } = await bundleWorld(file, directory);
  const own = modules.filter(({ path: name }) => packageOf(name) === undefined);
  const parts = {
    ir: digestOf(canonicalBytes(ir)),
    entries: entriesOf(ir),
    bundle: digestOf(canonicalBytes(modules.map(({ text }) => text))),
    modules: Object.fromEntries(own.map(({ path: name, text }) => [name, digestOfText(text)])),
    assets: Object.fromEntries(
      Object.entries(assets).map(([name, bytes]) => [name, digestOf(bytes)]),
    ),
    packages: await packagesOf(modules, directory),
  };
  return { name: ir.name, hash: digestOf(canonicalBytes([ir.name, parts])), parts };
}

/** `signal temperature`, `entity plate`: the digest of each entry of the definition. */
function entriesOf(ir: WorldIr): Readonly<Record<string, Digest>> {
  const named = (
    kind: string,
    entries: readonly { readonly name: string }[],
  ): readonly (readonly [string, Digest])[] =>
    entries.map((entry) => [`${kind} ${entry.name}`, digestOf(canonicalBytes(entry))]);
  return Object.fromEntries([
    ...named('parameter', ir.parameters),
    ...named('signal', ir.signals),
    ...ir.entities.flatMap(({ name, capacity, members }) => [
      [`entity ${name}`, digestOf(canonicalBytes({ name, capacity }))] as const,
      ...named(
        'member',
        members.map((member) => ({ ...member, name: `${name}.${member.name}` })),
      ),
    ]),
    ...named('stratum', ir.strata),
    ...named('era', ir.eras),
    ...named('field', ir.fields),
  ]);
}

/** By name: each version of it, and the digest of what is used of it. */
async function packagesOf(
  modules: readonly BundledModule[],
  directory: string,
): Promise<Readonly<Record<string, string>>> {
  const texts = new Map<string, { readonly name: string; readonly parts: string[] }>();
  for (const { path: module, text } of modules) {
    const found = packageOf(module);
    if (found === undefined) continue;
    const known = texts.get(found.directory) ?? { name: found.name, parts: [] };
    known.parts.push(text);
    texts.set(found.directory, known);
  }
  const packages: Record<string, string> = { '@stillpoint/sim': `meaning ${MEANING}` };
  for (const [place, { name, parts }] of texts) {
    const version = await versionOf(path.resolve(directory, place));
    const one = `${version} ${digestOf(canonicalBytes(parts))}`;
    packages[name] = packages[name] === undefined ? one : `${packages[name]}, ${one}`;
  }
  return packages;
}

async function versionOf(directory: string): Promise<string> {
  try {
    const text = await readFile(path.join(directory, 'package.json'), 'utf8');
    const { version } = JSON.parse(text) as { readonly version?: unknown };
    return typeof version === 'string' ? version : 'no version';
  } catch {
    // A directory in node_modules that is no package: its text alone says what it is.
    return 'no version';
  }
}

function digestOfText(text: string): Digest {
  return digestOf(Buffer.from(text, 'utf8'));
}
