// Which vault a command is about: the project's, or one that is named by its place. A place that the configuration names too is opened
// with the passphrase that stands there; else an option says where the passphrase is. It is never an argument itself.
import type {
  OpenVaultCareOptions,
  ResolvedConfig,
  ResolvedPassphrase,
  ResolvedVault,
  VaultCare,
} from '@stillpoint/engine';
import { failure } from '@stillpoint/core';
import path from 'node:path';
import type { Command } from 'commander';
import { configFile, type CommandContext } from '../context.ts';
import { engineEnvironment } from '../engine-environment.ts';

/** Where a passphrase is. */
export interface KeySource {
  readonly file?: string | undefined;
  readonly env?: string | undefined;
}

/** As addKeyOptions() declares them. */
export interface KeyOptions {
  readonly passphraseFile?: string;
  readonly passphraseEnv?: string;
}

export function keyOf({ passphraseFile, passphraseEnv }: KeyOptions): KeySource {
  return { file: passphraseFile, env: passphraseEnv };
}

export interface VaultOption {
  readonly vault?: string;
  readonly vaultPassphraseFile?: string;
  readonly vaultPassphraseEnv?: string;
}

/** Two options that say where a passphrase is: `--passphrase-file` and `--passphrase-env`, with something before. */
export function addKeyOptions(command: Command, what: string, before = ''): Command {
  return command
    .option(`--${before}passphrase-file <file>`, `a file with the passphrase of ${what}`)
    .option(`--${before}passphrase-env <name>`, `a variable with the passphrase of ${what}`);
}

export function addVaultOption(command: Command): Command {
  const named = command.option('--vault <place>', "another vault than the project's");
  return addKeyOptions(named, 'that vault', 'vault-');
}

export interface Opened extends AsyncDisposable {
  readonly care: VaultCare;
}

/** The project's vault, or the one that `--vault` names. */
export async function openChosen(context: CommandContext, option: VaultOption): Promise<Opened> {
  if (option.vault !== undefined) {
    const key = { file: option.vaultPassphraseFile, env: option.vaultPassphraseEnv };
    return await openNamed(context, option.vault, key);
  }
  return await openOwn(context);
}

export async function openOwn(
  context: CommandContext,
): Promise<Opened & { readonly config: ResolvedConfig }> {
  const project = await context.openProject();
  return {
    care: project.stillpoint.care(),
    config: project.config,
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

/** `text`: as a person wrote it. */
export async function openNamed(
  context: CommandContext,
  text: string,
  key: KeySource,
  options: OpenVaultCareOptions & { readonly unencrypted?: boolean } = {},
): Promise<Opened> {
  return await openResolved(context, await resolveNamed(context, text, key, options), options);
}

/** The place that the text names, and where its passphrase is. */
export async function resolveNamed(
  context: CommandContext,
  text: string,
  key: KeySource,
  { unencrypted = false }: { readonly unencrypted?: boolean } = {},
): Promise<ResolvedVault> {
  const { readPlace } = await import('@stillpoint/engine');
  const place = readPlace(text, context.host.cwd);
  const given = resolveKey(context, key);
  const encryption =
    given !== undefined
      ? { passphrase: given }
      : unencrypted
        ? ('none' as const)
        : (await configuredAt(context, place))?.encryption;
  return encryption === undefined ? { place } : { place, encryption };
}

export async function openResolved(
  context: CommandContext,
  resolved: ResolvedVault,
  options: OpenVaultCareOptions = {},
): Promise<Opened> {
  const { openVaultCare } = await import('@stillpoint/engine');
  const { cwd, environment } = context.host;
  const engine = await engineEnvironment(environment, cwd);
  const progress = context.output.progress;
  const care = await openVaultCare(resolved, { ...engine, progress }, options);
  return { care, [Symbol.asyncDispose]: () => care[Symbol.asyncDispose]() };
}

/** The bytes of a passphrase; undefined: none is named. */
export async function readKey(
  context: CommandContext,
  key: KeySource,
): Promise<Uint8Array | undefined> {
  const from = resolveKey(context, key);
  if (from === undefined) return undefined;
  const { readPassphrase } = await import('@stillpoint/engine');
  const { environment } = context.host;
  return await readPassphrase(from, { variables: environment, progress: context.output.progress });
}

function resolveKey(
  { host }: CommandContext,
  { file, env }: KeySource,
): ResolvedPassphrase | undefined {
  if (file !== undefined && env !== undefined) {
    throw failure('USAGE_INVALID', {
      problem: 'Name the passphrase once: as a file or as a variable.',
      usage: 'The --help of the command shows how it is used.',
    });
  }
  if (file !== undefined) return { file: path.resolve(host.cwd, file) };
  return env === undefined ? undefined : { env };
}

/** What the configuration says of this place. One that cannot be read says nothing: vaults are there to be reached without it. */
async function configuredAt(
  { host, global }: CommandContext,
  place: ResolvedVault['place'],
): Promise<ResolvedVault | undefined> {
  const { findConfig, loadConfig, placeText } = await import('@stillpoint/engine');
  let config: ResolvedConfig;
  try {
    config = await loadConfig(await configFile(host, global, findConfig), {
      missingMembers: 'keep',
      stillpointModule: import.meta.resolve('stillpoint'),
    });
  } catch {
    return undefined;
  }
  const known = [config.vault, ...(config.copies ?? [])];
  return known.find((one) => placeText(one.place) === placeText(place));
}
