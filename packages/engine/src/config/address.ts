// What an `{ env: 'DATABASE_URL' }` holds: from the environment, else from the project's .env file, as applications read it.
import { failure } from '@stillpoint/core';
import { flawOf } from '@stillpoint/postgres';
import path from 'node:path';
import { readEnvironmentFile } from './environment-file.ts';
import type { ResolvedAddress } from './resolved.ts';

export interface AddressPlace {
  readonly projectDirectory: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Of the source, for errors. */
  readonly source: string;
}

/** Throws SOURCE_URL_MISSING, SOURCE_URL_INVALID. Errors never repeat the address: it may hold a password. */
export async function readAddress(address: ResolvedAddress, place: AddressPlace): Promise<string> {
  if ('url' in address) return address.url;
  const { source } = place;
  const found = ownValue(place.variables, address.env) ?? (await fromFile(address, place));
  if (found === undefined || found === '') {
    throw failure('SOURCE_URL_MISSING', { source, variable: address.env, file: address.file });
  }
  const reason = flawOf(found);
  if (reason !== undefined)
    throw failure('SOURCE_URL_INVALID', { source, variable: address.env, reason });
  return found;
}

async function fromFile(
  { env, file }: Extract<ResolvedAddress, { env: string }>,
  { projectDirectory, variables }: AddressPlace,
): Promise<string | undefined> {
  const found = await readEnvironmentFile(path.join(projectDirectory, file), variables);
  return found === undefined ? undefined : ownValue(found, env);
}

/** A variable may be called as what every object inherits is. */
function ownValue(variables: AddressPlace['variables'], name: string): string | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}
