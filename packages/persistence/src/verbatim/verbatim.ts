// The facts of one database: stating, correcting, and the door to the look-ups.
import { failure } from '@stillpoint/core';
import type { Database, Queryable, Transaction } from '../database/contract.ts';
import { encodeJson } from '../jsonb/index.ts';
import type { Fact, Verbatim } from './contract.ts';
import { fold } from './fold.ts';
import { COLUMNS, factOf, findExact, findInside, findPrefix, type FactRow } from './look-up.ts';
import { KEY_BYTES } from './part.ts';
import { phraseOf } from './phrases.ts';

const STATE = `
  INSERT INTO verbatim.facts (key, folded, phrase, value, source) VALUES ($1, $2, $3, $4::jsonb, $5)
  ON CONFLICT (folded, revision) DO NOTHING RETURNING ${COLUMNS}`;
/** The key is the first fact's: a correction does not spell it anew. */
const CORRECT = `
  INSERT INTO verbatim.facts (key, folded, phrase, value, source, revision, supersedes)
  SELECT key, folded, phrase, $2::jsonb, $3, revision + 1, id FROM verbatim.facts WHERE id = $1
  ON CONFLICT (folded, revision) DO NOTHING RETURNING ${COLUMNS}`;
const ALIAS = `
  INSERT INTO verbatim.aliases (alias, folded, phrase, key_folded)
  SELECT $2, $3, $4, folded FROM verbatim.facts WHERE folded = $1 AND revision = 1
  ON CONFLICT (folded, key_folded) DO NOTHING`;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The tables are there already: verbatimPart. Throws FACT_NOT_INSTALLED otherwise. */
export async function createVerbatim(database: Database): Promise<Verbatim> {
  const { rows } = await database.query(`SELECT to_regclass('verbatim.facts') AS facts`);
  if (rows[0]?.['facts'] == null)
    throw failure('FACT_NOT_INSTALLED', { database: database.facts.database });
  const within = async <T>(
    transaction: Transaction | undefined,
    body: (queryable: Queryable) => Promise<T>,
  ): Promise<T> =>
    await (transaction === undefined ? database.transaction(body) : body(transaction));
  return {
    state: async ({ key, value, source, aliases = [] }, transaction) => {
      const named = nameOf(key);
      const names = aliases.map(nameOf);
      return await within(transaction, async (server) => {
        const given = [key, named.folded, named.phrase, encodeJson(value), sourceOf(source)];
        const [row] = (await server.query<FactRow>(STATE, given)).rows;
        if (row === undefined) throw failure('FACT_EXISTS', { key });
        for (const name of names) await addAlias(server, named.folded, name);
        return factOf(row);
      });
    },
    correct: async (id, { value, source }, transaction) =>
      await within(transaction, async (server) => {
        if (!UUID.test(id)) throw failure('FACT_UNKNOWN', { what: `id ${id}` });
        const given = [id, encodeJson(value), sourceOf(source)];
        const [row] = (await server.query<FactRow>(CORRECT, given)).rows;
        return row === undefined ? await refuseCorrection(server, id) : factOf(row);
      }),
    alias: async (key, alias, transaction) => {
      const name = nameOf(alias);
      await within(transaction, async (server) => {
        const { folded } = nameOf(key);
        if ((await addAlias(server, folded, name)) > 0) return;
        const known = await server.query(
          'SELECT FROM verbatim.facts WHERE folded = $1 AND revision = 1',
          [folded],
        );
        if (known.rows.length === 0) throw failure('FACT_UNKNOWN', { what: `key "${key}"` });
      });
    },
    exact: async (name, options = {}) => await findExact(database, name, options),
    prefix: async (start, options = {}) => await findPrefix(database, start, options),
    ask: async (question, options = {}) => await findQuestion(database, question, options),
    history: async (key) => {
      const history = await database.query<FactRow>(
        `SELECT ${COLUMNS} FROM verbatim.facts WHERE folded = $1 ORDER BY folded, revision DESC`,
        [fold(key)],
      );
      return history.rows.map(factOf);
    },
  };
}

/** A key of many words is only found whole. */
async function findQuestion(
  database: Queryable,
  question: string,
  options: Parameters<Verbatim['ask']>[1] & object,
): ReturnType<Verbatim['ask']> {
  const inside = await findInside(database, question, options);
  if (inside[0]?.by === 'exact') return inside;
  const whole = await findExact(database, question, options);
  const rest = inside.filter(({ fact }) => !whole.some((one) => one.fact.id === fact.id));
  return [...whole, ...rest].slice(0, options.limit);
}

interface Name {
  readonly name: string;
  readonly folded: string;
  readonly phrase: string | undefined;
}

function nameOf(name: string): Name {
  const refuse = (reason: string): Error =>
    failure('FACT_KEY_INVALID', { key: name.slice(0, 80), reason });
  if (!name.isWellFormed() || name.includes('\0'))
    throw refuse('it holds half a surrogate pair or a zero character');
  const folded = fold(name);
  if (folded === '') throw refuse('nothing is left of it when it is folded');
  if (Buffer.byteLength(folded) > KEY_BYTES) throw refuse(`it is longer than ${KEY_BYTES} bytes`);
  return { name, folded, phrase: phraseOf(name) };
}

function sourceOf(source: string): string {
  if (source === '' || !source.isWellFormed() || source.includes('\0'))
    throw new TypeError('a fact has a source, of text that a database holds');
  return source;
}

async function addAlias(server: Queryable, key: string, alias: Name): Promise<number> {
  const { name, folded, phrase } = alias;
  return (await server.query(ALIAS, [key, name, folded, phrase])).rowCount;
}

async function refuseCorrection(server: Queryable, id: string): Promise<Fact> {
  const { rows } = await server.query<{ readonly key: string }>(
    'SELECT key FROM verbatim.facts WHERE id = $1',
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw failure('FACT_UNKNOWN', { what: `id ${id}` });
  throw failure('FACT_SUPERSEDED', { key: row.key, id });
}
