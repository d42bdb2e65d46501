// PGlite: Postgres inside this process, with one session. Values go in and come out as they do with `pg`, so that the rooms above
// need not know. COPY goes through its blob device, and a COPY is in memory as a whole.
import { failure } from '@stillpoint/core';
import pg, { types as pgTypes } from 'pg';
import type { Database, TransactionOptions } from './contract.ts';
import { asked, resultOf, type Answer, type Asked, type Conversation } from './conversation.ts';
import { mayBeJson, refuseDeep } from './deep-json.ts';
import { drizzleOfDatabase } from './drizzle.ts';
import { probeFacts } from './facts.ts';
import { openHandle } from './handle.ts';
import { identifier } from './identifier.ts';
import { refuseOld } from './refusal.ts';
import { createTurns, type Turns } from './turns.ts';

interface LiteResult {
  readonly rows: readonly unknown[];
  readonly fields: readonly object[];
  readonly rowCount?: number;
  readonly command?: string;
  readonly blob?: Blob;
}

interface LiteOptions {
  readonly rowMode?: 'array' | 'object';
  readonly parsers?: object;
  readonly serializers?: object;
  readonly blob?: Blob;
}

interface LiteQueryable {
  query(text: string, values?: readonly unknown[], options?: LiteOptions): Promise<LiteResult>;
  exec(text: string, options?: LiteOptions): Promise<readonly LiteResult[]>;
}

/** What of PGlite is used. It is a peer of this package, and may not be there. */
export interface Lite extends LiteQueryable {
  readonly parsers: object;
  readonly waitReady: Promise<unknown>;
  transaction<T>(body: (transaction: LiteQueryable) => Promise<T>): Promise<T>;
}

export interface LiteDatabaseOptions {
  readonly at: Lite;
  readonly role?: string | undefined;
  readonly freezeLockKey: bigint;
}

export function isPglite(at: object): at is Lite {
  return ['query', 'exec', 'transaction', 'waitReady', 'parsers'].every((name) => name in at);
}

const turnsMade = new WeakMap<Lite, Turns>();

/** Those of one PGlite are in one row, by whichever database: else one that is asked inside of another's transaction waits for ever. */
function turnsOf(lite: Lite): Turns {
  const made = turnsMade.get(lite) ?? createTurns('PGlite');
  turnsMade.set(lite, made);
  return made;
}

/** The PGlite stays the caller's: disposing of the database does not close it. */
export async function openPgliteDatabase(options: LiteDatabaseOptions): Promise<Database> {
  const { at: lite, role, freezeLockKey } = options;
  await lite.waitReady;
  const turns = turnsOf(lite);
  const direct = conversationOf(lite, lite);
  const transaction: Database['transaction'] = (body, how = {}) =>
    turns.run(() => runLiteTransaction(lite, body, how, { role, freezeLockKey }));
  const query = (config: Asked): Promise<Answer> =>
    role === undefined
      ? turns.run(() => direct.ask(config))
      : // The role is the session's, and the session is everybody's: it is set for a transaction, and goes with it.
        turns.run(() => inLiteTransaction(lite, role, (conversation) => conversation.ask(config)));
  const facts = await probeFacts(
    { query: async (text, values) => resultOf(await query(asked(text, values))) },
    'pglite',
  );
  refuseOld(facts.version, 'PGlite');
  return {
    facts,
    query: async (text, values) => resultOf(await query(asked(text, values))),
    drizzle: drizzleOfDatabase(query, transaction),
    transaction,
    session: async (name) => {
      throw failure('DATABASE_ONE_CONNECTION', { what: `the session "${name}"` });
    },
    async [Symbol.asyncDispose]() {
      await turns.run(async () => {});
    },
  };
}

async function runLiteTransaction<T>(
  lite: Lite,
  body: Parameters<Database['transaction']>[0],
  how: TransactionOptions,
  { role, freezeLockKey }: Pick<LiteDatabaseOptions, 'role' | 'freezeLockKey'>,
): Promise<T> {
  const { signal, isolation, readOnly = false, withoutFreezeLock = false } = how;
  signal?.throwIfAborted();
  const modes = [
    ...(isolation === undefined ? [] : [`ISOLATION LEVEL ${isolation.toUpperCase()}`]),
    ...(readOnly ? ['READ ONLY'] : []),
  ];
  return await inLiteTransaction(lite, role, async (conversation) => {
    if (modes.length > 0) await conversation.ask({ text: `SET TRANSACTION ${modes.join(', ')}` });
    if (!withoutFreezeLock) {
      const text = `SELECT pg_catalog.pg_advisory_xact_lock_shared('${freezeLockKey}'::bigint)`;
      await conversation.ask({ text });
    }
    const handle = openHandle(conversation, signal);
    try {
      const result = (await body(handle.transaction)) as T;
      await handle.end();
      signal?.throwIfAborted();
      await refuseAborted(conversation, handle.firstFailure());
      return result;
    } catch (error) {
      await handle.end();
      signal?.throwIfAborted();
      throw error;
    }
  });
}

/** Its COMMIT of a transaction in which a statement failed is a ROLLBACK without a word. */
async function refuseAborted(conversation: Conversation, firstFailure: unknown): Promise<void> {
  if (firstFailure === undefined) return;
  try {
    await conversation.ask({ text: 'SELECT' });
  } catch {
    throw failure('DATABASE_TRANSACTION_ABORTED', {}, firstFailure);
  }
}

async function inLiteTransaction<T>(
  lite: Lite,
  role: string | undefined,
  work: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  return await lite.transaction(async (transaction) => {
    const conversation = conversationOf(transaction, lite);
    if (role !== undefined) {
      try {
        await conversation.ask({ text: `SET LOCAL ROLE ${identifier(role)}` });
      } catch (error) {
        const reason = (error as Error).message;
        const data = { user: 'postgres', role, where: 'PGlite', reason };
        throw failure('DATABASE_ROLE_REFUSED', data, error);
      }
    }
    return await work(conversation);
  });
}

function conversationOf(target: LiteQueryable, lite: Lite): Conversation {
  /** For the server the blob is a file of its own, which a role without this right is refused; and with that its transaction ends. */
  const refuseCopy = async (right: string): Promise<void> => {
    const { rows } = await target.query(
      `SELECT current_user AS role, pg_catalog.pg_has_role(current_user, $1, 'USAGE') AS may`,
      [right],
    );
    const [{ role, may }] = rows as [{ readonly role: string; readonly may: boolean }];
    if (!may) throw failure('DATABASE_COPY_REFUSED', { role });
  };
  return {
    async ask({ text, values, rowMode, types }) {
      const options: LiteOptions = {
        parsers: parsersOf(lite, types),
        serializers: serializersFor(text),
        ...(rowMode === undefined ? {} : { rowMode }),
      };
      const result =
        values === undefined
          ? (await target.exec(text, options)).at(-1)
          : await target.query(text, values, options);
      return answerOf(result);
    },
    async copyIn(text, chunks) {
      await refuseCopy('pg_read_server_files');
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunks) parts.push(Uint8Array.from(chunk));
      const result = await target.query(onDevice(text, 'FROM', 'STDIN'), [], {
        blob: new Blob(parts),
      });
      return result.rowCount ?? 0;
    },
    async *copyOut(text) {
      await refuseCopy('pg_write_server_files');
      const { blob } = await target.query(onDevice(text, 'TO', 'STDOUT'), []);
      if (blob !== undefined) yield* blob.stream();
    },
  };
}

/** `COPY t FROM STDIN ...` as PGlite reads it. */
function onDevice(text: string, direction: 'FROM' | 'TO', stream: string): string {
  const pattern = new RegExp(`\\b${direction}\\s+${stream}\\b`, 'i');
  if (!pattern.test(text)) throw new TypeError(`the statement has no ${direction} ${stream}`);
  return text.replace(pattern, `${direction} '/dev/blob'`);
}

function answerOf(result: LiteResult | undefined): Answer {
  return {
    rows: [...(result?.rows ?? [])],
    rowCount: result?.rowCount ?? null,
    command: result?.command ?? '',
    fields: (result?.fields ?? []) as Answer['fields'],
  };
}

/** Whatever the parameter's type: bytes stay bytes and go in binary, everything else is the text that `pg` makes of it. */
const plain = new Proxy({}, { get: () => prepareValue });

function serializersFor(statement: string): object {
  const get = (_: object, typeOid: string | symbol): typeof prepareValue =>
    mayBeJson(String(typeOid), statement) ? prepareJson : prepareValue;
  return new Proxy(plain, { get });
}

/** An array's elements are looked at before they are one text with quotes of its own. */
function prepareJson(value: unknown): unknown {
  if (Array.isArray(value)) for (const element of value) prepareJson(element);
  const prepared = prepareValue(value);
  if (!Array.isArray(value)) refuseDeep(prepared);
  return prepared;
}

const { prepareValue } = (
  pg as unknown as { readonly utils: { prepareValue(this: void, value: unknown): unknown } }
).utils;

const parsersMade = new WeakMap<Lite, WeakMap<object, object>>();

type Parser = (text: string, oid: number) => unknown;

/** PGlite spreads what it is given, so each type that it or `pg` knows is named; made once for each set of parsers. */
function parsersOf(lite: Lite, types: NonNullable<Asked['types']> = pgTypes): object {
  const ofLite = parsersMade.get(lite) ?? new WeakMap<object, object>();
  parsersMade.set(lite, ofLite);
  const made = ofLite.get(types);
  if (made !== undefined) return made;
  const parse: Parser = (text, oid) =>
    (types.getTypeParser(oid, 'text') as (text: string) => unknown)(text);
  const known = [...Object.keys(lite.parsers), ...Object.values(pgTypes.builtins).map(String)];
  const parsers = Object.fromEntries(
    known.filter((oid) => /^\d+$/.test(oid)).map((oid) => [oid, parse]),
  );
  ofLite.set(types, parsers);
  return parsers;
}
