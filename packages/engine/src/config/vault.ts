// Where the vault is and what it is encrypted with: absolute paths, and no place that would be captured into it.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { isS3Address, readS3Address, s3AddressText } from '../vault/index.ts';
import { invalidKey, unusablePath } from './parse.ts';
import type {
  ResolvedEncryption,
  ResolvedMember,
  ResolvedPlace,
  ResolvedSource,
  ResolvedVault,
} from './resolved.ts';
import type { WrittenVault } from './user-vault.ts';

export interface VaultContext {
  readonly projectDirectory: string;
  readonly members: readonly ResolvedMember[];
  readonly sources: readonly ResolvedSource[];
  readonly file: string;
}

/** Rejects with CONFIG_INVALID. */
export async function resolveVault(
  written: WrittenVault | undefined,
  context: VaultContext,
): Promise<ResolvedVault> {
  const { projectDirectory } = context;
  const own: ResolvedPlace = {
    kind: 'directory',
    directory: path.join(projectDirectory, '.stillpoint', 'vault'),
  };
  return written === undefined ? { place: own } : await resolveWritten(written, 'vault', context);
}

/** Rejects with CONFIG_INVALID, also where a copy would be the vault itself, or another copy. */
export async function resolveCopies(
  written: readonly WrittenVault[],
  vault: ResolvedVault,
  context: VaultContext,
): Promise<readonly ResolvedVault[]> {
  const places = [JSON.stringify(vault.place)];
  const copies: ResolvedVault[] = [];
  for (const [at, one] of written.entries()) {
    const copy = await resolveWritten(one, `copies[${at}]`, context);
    const place = JSON.stringify(copy.place);
    if (places.includes(place)) {
      const expected = 'a place of its own';
      const found = places[0] === place ? 'the vault itself' : 'a place that another copy has';
      throw invalidKey(context.file, `copies[${at}]`, expected, found);
    }
    places.push(place);
    copies.push(copy);
  }
  return copies;
}

async function resolveWritten(
  written: WrittenVault,
  key: string,
  context: VaultContext,
): Promise<ResolvedVault> {
  if (typeof written === 'string') return { place: await resolvePlace(written, key, context) };
  const place = await resolvePlace(written.url, `${key}.url`, context);
  const { encryption, rate } = written;
  return {
    place,
    ...(encryption === undefined
      ? {}
      : { encryption: resolveEncryption(encryption, context.projectDirectory) }),
    ...(rate === undefined ? {} : { bytesPerSecond: rate }),
  };
}

async function resolvePlace(
  written: string,
  key: string,
  context: VaultContext,
): Promise<ResolvedPlace> {
  if (isS3Address(written)) return resolveS3(written, key, context.file);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written) || written.includes('\0')) {
    const expected = 'the path of a directory or an s3:// address';
    throw invalidKey(context.file, key, expected, JSON.stringify(written));
  }
  const absolute = path.resolve(context.projectDirectory, written);
  const directory = await realPathOfNearest(absolute).catch((error: unknown) => {
    throw unusablePath(error, key, written, context.file);
  });
  refuseCaptured(directory, key, context);
  return { kind: 'directory', directory };
}

/** Without quoting it: somebody may have written a secret into it. */
function resolveS3(written: string, key: string, file: string): ResolvedPlace {
  const address = readS3Address(written);
  if (typeof address === 'string') {
    const expected = 's3://bucket/prefix?endpoint=...&region=...';
    throw invalidKey(file, key, expected, `an address, but ${address}`);
  }
  return { kind: 's3', url: s3AddressText(address) };
}

/** Otherwise each snapshot would hold the snapshots before it, and a restore would take away those after it. */
function refuseCaptured(directory: string, key: string, context: VaultContext): void {
  if (isWithin(directory, path.join(context.projectDirectory, '.stillpoint'))) return;
  const captured = [
    ...context.members.map(({ path: place }) => ({ name: `member ${place}`, place })),
    ...context.sources.flatMap((source) =>
      source.driver === 'files' ? [{ name: `sources.${source.name}`, place: source.path }] : [],
    ),
  ];
  const around = captured.find(({ place }) =>
    isWithin(directory, path.join(context.projectDirectory, place)),
  );
  if (around === undefined) return;
  const expected = 'a directory outside every member and all files, or below .stillpoint';
  throw invalidKey(context.file, key, expected, `inside ${around.name}`);
}

function resolveEncryption(
  written: NonNullable<Extract<WrittenVault, object>['encryption']>,
  projectDirectory: string,
): ResolvedEncryption {
  if (written === 'none') return 'none';
  const { passphrase } = written;
  const { file, command, env } = passphrase;
  if (env !== undefined) return { passphrase: { env } };
  if (command !== undefined) return { passphrase: { command, directory: projectDirectory } };
  return { passphrase: { file: path.resolve(projectDirectory, file) } };
}

/** Follows symlinks as far as the path exists: the vault may not be made yet. */
async function realPathOfNearest(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    const parent = path.dirname(file);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === file) throw error;
    return path.join(await realPathOfNearest(parent), path.basename(file));
  }
}

function isWithin(file: string, directory: string): boolean {
  return (
    file === directory || file.startsWith(directory === path.sep ? directory : directory + path.sep)
  );
}
