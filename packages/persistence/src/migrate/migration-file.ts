// A migration as a file (docs/format/migration.md): SQL that a person can review, and below it, as comments, what the next migration
// is planned from. One file is written at once or not at all, so the two cannot part.
import { digestOf, failure, type Digest } from '@stillpoint/core';
import type { Entity, FederationSnapshot, Loss, StoredMigration } from './contract.ts';

export interface MigrationText extends StoredMigration {
  /** The migration that it was made on top of; undefined: it is the first one. */
  readonly after: string | undefined;
  /** Of all bytes of the file. */
  readonly digest: Digest;
}

export const ENDING = '.sql';
const head = '-- stillpoint migration, format 1';
const nothing = 'nothing';
const next = '--> next statement';
const namePattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)_[a-z0-9_]{1,60}$/;

export function isMigrationName(name: string): boolean {
  return namePattern.test(name);
}

/** Names sort as migrations follow each other, whatever the clock says: one that is not after `last` is a second after it. */
export function nameFor(words: string, now: Date, last: string | undefined): string {
  const floor = last === undefined ? 0 : momentOf(last) + 1000;
  const at = new Date(Math.max(Math.floor(now.getTime() / 1000) * 1000, floor));
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}_${words}`;
}

function momentOf(name: string): number {
  const [, year, month, day, hour, minute, second] = namePattern.exec(name) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export function renderMigration(migration: Omit<MigrationText, 'digest'>): string {
  const { name, after = nothing, up, down, snapshot, losses, downLosses } = migration;
  const { format, version, entities, owners } = snapshot;
  const record = [
    { snapshot: { format, version } },
    ...losses.map((loss) => ({ loss })),
    ...downLosses.map((downLoss) => ({ downLoss })),
    ...Object.entries(owners).map((owner) => ({ owner })),
    ...entities.map((entity) => ({ entity })),
  ];
  const part = (statements: readonly string[]): readonly string[] =>
    statements.flatMap((statement, index) => (index === 0 ? [statement] : [next, statement]));
  const lines = [
    head,
    `-- name: ${name}`,
    `-- after: ${after}`,
    '-- up',
    ...part(up),
    '-- down',
    ...part(down),
    '-- record',
    ...record.map((one) => `-- ${JSON.stringify(one)}`),
  ];
  const text = `${lines.join('\n')}\n`;
  // A default that holds a line like ours would be read as another statement.
  parseMigration(name, text);
  return text;
}

/** MIGRATION_FILE_INVALID. What is read is what would be written: nothing is overlooked. */
export function parseMigration(name: string, text: string): MigrationText {
  const refuse = (reason: string): never => {
    throw failure('MIGRATION_FILE_INVALID', { name: `${name}${ENDING}`, reason });
  };
  const lines = text.split('\n');
  const [first, named, afterLine = '', upLine] = lines;
  if (first !== head) refuse(`its first line is not "${head}"`);
  if (named !== `-- name: ${name}`) refuse(`its second line is not "-- name: ${name}"`);
  const after = /^-- after: (\S+)$/.exec(afterLine)?.[1];
  if (after === undefined || (after !== nothing && !isMigrationName(after)))
    refuse('its third line does not name the migration before it');
  const [down, record] = [lines.indexOf('-- down'), lines.indexOf('-- record')];
  if (upLine !== '-- up' || down < 0 || record < down)
    refuse('it lacks one of its parts: "-- up", "-- down" and "-- record", in this order');
  if (lines.lastIndexOf('-- down') !== down || lines.lastIndexOf('-- record') !== record)
    refuse('a line that begins a part is there twice');
  if (lines.at(-1) !== '' || lines.slice(record + 1, -1).some((line) => !line.startsWith('-- {')))
    refuse('there is something after its record');
  return {
    name,
    after: after === nothing ? undefined : after,
    up: statementsOf(lines.slice(4, down)),
    down: statementsOf(lines.slice(down + 1, record)),
    ...readRecord(lines.slice(record + 1, -1), refuse),
    digest: digestOf(Buffer.from(text)),
  };
}

function statementsOf(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const statements: string[][] = [[]];
  for (const line of lines)
    if (line === next) statements.push([]);
    else statements.at(-1)?.push(line);
  return statements.map((statement) => statement.join('\n'));
}

interface RecordLine {
  readonly snapshot?: Pick<FederationSnapshot, 'format' | 'version'>;
  readonly loss?: Loss;
  readonly downLoss?: Loss;
  readonly owner?: readonly [string, string];
  readonly entity?: Entity;
}

function readRecord(
  lines: readonly string[],
  refuse: (reason: string) => never,
): Pick<StoredMigration, 'snapshot' | 'losses' | 'downLosses'> {
  const all = lines.map((line): RecordLine => {
    try {
      return JSON.parse(line.slice(3)) as RecordLine;
    } catch {
      return refuse('a line of its record is no JSON');
    }
  });
  const about = all[0]?.snapshot ?? refuse('its record does not begin with the snapshot');
  return {
    snapshot: {
      ...about,
      entities: all.flatMap(({ entity }) => entity ?? []),
      owners: Object.fromEntries(all.flatMap(({ owner }) => (owner === undefined ? [] : [owner]))),
    },
    losses: all.flatMap(({ loss }) => loss ?? []),
    downLosses: all.flatMap(({ downLoss }) => downLoss ?? []),
  };
}
