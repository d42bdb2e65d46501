// Looks at the system from outside, without Stillpoint: git and SQL alone. Every fact is one short text, so that two
// moments can be laid side by side.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import type { Git } from './git.ts';
import { MEMBERS, UNCOMMITTED } from './system.ts';

export type Facts = ReadonlyMap<string, string>;

export const GONE = 'gone';

/** Every row of `event` by program and number: what the still point is compared with later. */
export type Events = ReadonlyMap<number, readonly string[]>;

/** All that is there now. */
export async function measureNow(directory: string, client: Client, git: Git): Promise<Facts> {
  const facts = new Map<string, string>();
  for (const member of MEMBERS) {
    const place = path.join(directory, member);
    facts.set(
      `${member} commit`,
      await git(place, 'log', '-1', '--format=%h %s').catch(() => GONE),
    );
    facts.set(`${member} status`, await statusOf(git, place));
  }
  facts.set('file counter.txt', (await readText(directory, 'core/counter.txt')) ?? GONE);
  facts.set('table counter', await one(client, 'select n::text as fact from counter'));
  facts.set('table ledger', await one(client, ledgerQuery('true')));
  facts.set('table event', eventText(await readEvents(client)));
  facts.set('uncommitted work', await digestOfUncommitted(directory));
  return facts;
}

/**
 * What the still point must have been, computed from the live system a moment later, after its programs wrote on: the
 * commit that was captured says which tick it was, and everything up to that tick belongs to it. Called under the lock.
 */
export async function measureAtTick(
  directory: string,
  client: Client,
  git: Git,
  tick: number,
): Promise<Facts> {
  const facts = new Map<string, string>();
  for (const member of MEMBERS) {
    const place = path.join(directory, member);
    facts.set(`${member} commit`, await commitAtTick(git, place, tick));
    facts.set(`${member} status`, await statusOf(git, place));
  }
  facts.set('file counter.txt', String(tick));
  facts.set('table counter', String(tick));
  facts.set('table ledger', await one(client, ledgerQuery('n <= $1'), [tick]));
  facts.set('uncommitted work', await digestOfUncommitted(directory));
  return facts;
}

export async function readEvents(client: Client): Promise<Events> {
  const { rows } = await client.query<{ worker: number; payload: string }>(
    'select worker, payload from event order by worker, seq',
  );
  const events = new Map<number, string[]>();
  for (const { worker, payload } of rows) {
    const own = events.get(worker) ?? [];
    own.push(payload);
    events.set(worker, own);
  }
  return events;
}

export function eventText(events: Events): string {
  const count = [...events.values()].reduce((sum, own) => sum + own.length, 0);
  return `${count} rows ${shortHash(JSON.stringify([...events]))}`;
}

/** The first rows of each program, as many as `like` has. */
export function firstEvents(events: Events, like: Events): Events {
  return new Map(
    [...like].map(([worker, own]) => [worker, (events.get(worker) ?? []).slice(0, own.length)]),
  );
}

function ledgerQuery(condition: string): string {
  return `select count(*) || ' rows ' || left(md5(string_agg(n || note, ',' order by n)), 8) as fact from ledger where ${condition}`;
}

async function statusOf(git: Git, repository: string): Promise<string> {
  const status = await git(repository, 'status', '--porcelain=v2').catch(() => GONE);
  if (status === '') return 'clean';
  return status === GONE ? GONE : `${status.split('\n').length} changed ${shortHash(status)}`;
}

/** The newest commit of the repository's own history that is not newer than the tick. */
async function commitAtTick(git: Git, repository: string, tick: number): Promise<string> {
  const log = await git(repository, 'log', '--format=%h %s', 'main').catch(() => '');
  const lines = log
    .split('\n')
    .filter((line) => Number(/ tick (\d+)$/.exec(line)?.[1] ?? Infinity) <= tick);
  return lines[0] ?? GONE;
}

/** UNDEFINED_TABLE of Postgres: the answer is part of the picture. */
async function one(
  client: Client,
  query: string,
  values: readonly unknown[] = [],
): Promise<string> {
  try {
    const result = await client.query<{ fact: string | null }>(query, [...values]);
    return result.rows[0]?.fact ?? 'empty';
  } catch (error) {
    if ((error as { code?: string }).code === '42P01') return GONE;
    throw error;
  }
}

async function digestOfUncommitted(directory: string): Promise<string> {
  const texts = await Promise.all(UNCOMMITTED.map((name) => readText(directory, name)));
  if (texts.every((text) => text === undefined)) return GONE;
  return `${texts.filter((text) => text !== undefined).length} files ${shortHash(JSON.stringify(texts))}`;
}

async function readText(directory: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(path.join(directory, name), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
