// The small files of a cluster: cluster.json (facts written once), secrets.json (passwords), current.json
// (which incarnation is live), creating.json (an incarnation that is being made). All are replaced atomically;
// one that cannot be read is an error, never a reason to make a new one over the data.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { failure, removeFileDurable, writeFileAtomic } from '@stillpoint/core';

export interface ClusterFacts {
  readonly port: number;
  readonly systemUser: string | null;
  readonly major: number;
  readonly version: string;
  /** As in process.arch: the files of Postgres are bound to it. */
  readonly architecture: string;
}

export interface Secrets {
  /** Of our administrator. */
  readonly stillpoint: string;
  /** Of the application's role. */
  readonly app: string;
}

const files = {
  facts: 'cluster.json',
  secrets: 'secrets.json',
  current: 'current.json',
  creating: 'creating.json',
} as const;

export function readFacts(root: string): ClusterFacts | undefined {
  return read(root, files.facts, (value) => {
    const { port, systemUser, major, version, architecture } = value;
    if (typeof port !== 'number' || typeof major !== 'number') return undefined;
    if (typeof version !== 'string' || typeof architecture !== 'string') return undefined;
    const user = typeof systemUser === 'string' ? systemUser : null;
    return { port, systemUser: user, major, version, architecture };
  });
}

export async function writeFacts(root: string, facts: ClusterFacts): Promise<void> {
  await write(root, files.facts, { ...facts });
}

export function readSecrets(root: string): Secrets | undefined {
  return read(root, files.secrets, ({ stillpoint, app }) =>
    typeof stillpoint === 'string' && typeof app === 'string' ? { stillpoint, app } : undefined,
  );
}

export async function makeSecrets(root: string): Promise<void> {
  const password = (): string => randomBytes(32).toString('base64url');
  await write(root, files.secrets, { stillpoint: password(), app: password() });
}

export function readCurrent(root: string): string | undefined {
  return read(root, files.current, readIncarnation);
}

export async function writeCurrent(root: string, incarnation: string): Promise<void> {
  await write(root, files.current, { incarnation });
}

export function readCreating(root: string): string | undefined {
  return read(root, files.creating, readIncarnation);
}

export async function writeCreating(root: string, incarnation: string): Promise<void> {
  await write(root, files.creating, { incarnation });
}

export async function removeCreating(root: string): Promise<void> {
  await removeFileDurable(path.join(root, files.creating));
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isIncarnation(text: string): boolean {
  return uuid.test(text);
}

/** Ids become paths that are removed and given away: a wrong one is a mistake of the programmer. */
export function assertIncarnation(id: string): void {
  assert(isIncarnation(id), `not the id of an incarnation: ${id}`);
}

function readIncarnation({ incarnation }: Record<string, unknown>): string | undefined {
  return typeof incarnation === 'string' && isIncarnation(incarnation) ? incarnation : undefined;
}

async function write(root: string, name: string, value: object): Promise<void> {
  await writeFileAtomic(path.join(root, name), `${JSON.stringify(value, null, 2)}\n`);
}

function read<T>(
  root: string,
  name: string,
  parse: (value: Record<string, unknown>) => T | undefined,
): T | undefined {
  const file = path.join(root, name);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw failure('POSTGRES_FILE_DAMAGED', { file, reason: code ?? 'unreadable' }, error);
  }
  // The text of a JSON error quotes the file, which may hold passwords: it is not passed on.
  const parsed = parseObject(text);
  const value = parsed === undefined ? undefined : parse(parsed);
  if (value === undefined) {
    throw failure('POSTGRES_FILE_DAMAGED', { file, reason: 'it does not hold what it should' });
  }
  return value;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
