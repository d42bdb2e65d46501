// Reads the address of a database as applications write it, and says which one it is without repeating its password.
import { flawOf, parseAddress, placeOf } from '@stillpoint/postgres';

export type Address =
  | {
      readonly kind: 'postgres';
      /** 'localhost:5432/app' */
      readonly where: string;
      /** Equal for two ways to one database: past a pooler or through it. */
      readonly identity: string;
      readonly host: string;
      readonly port: number;
      readonly pooled: boolean;
    }
  /** As written, without what stands before and after; relative to whatever its reader takes. */
  | { readonly kind: 'sqlite'; readonly path: string }
  /** A database that is not captured by its address; `what` completes "it is ...". */
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'none' };

const others: readonly (readonly [RegExp, string])[] = [
  [/^prisma(\+postgres)?:/i, 'an address of Prisma Accelerate, which is no way to dump a database'],
  [/^(libsql|wss?|https?):/i, 'a database behind HTTP, which cannot be captured'],
  [/^(mysql|mariadb)2?:/i, 'a MySQL database, which cannot be captured yet'],
  [/^mongodb(\+srv)?:/i, 'a MongoDB database, which cannot be captured yet'],
  [/^sqlserver:|^mssql:/i, 'a SQL Server database, which cannot be captured yet'],
  [/^cockroachdb:/i, 'a CockroachDB database, which cannot be captured yet'],
  [
    /^postgres(ql)?\+\w+:/i,
    'an address of SQLAlchemy; Stillpoint reads it without the +driver, in a variable of its own',
  ],
];

export function readDatabaseAddress(text: string): Address {
  const trimmed = text.trim();
  if (/^postgres(ql)?:\/\//.test(trimmed)) return readPostgres(trimmed);
  const sqlite = sqlitePath(trimmed);
  if (sqlite !== undefined) return sqlite;
  const other = others.find(([pattern]) => pattern.test(trimmed));
  return other === undefined ? { kind: 'none' } : { kind: 'other', what: other[1] };
}

/** Equal for two addresses of one Postgres database; undefined: it is no such address. Without user and password. */
export function databaseIdentity(text: string): string | undefined {
  const address = readDatabaseAddress(text);
  return address.kind === 'postgres' ? address.identity : undefined;
}

function readPostgres(text: string): Address {
  const flaw = flawOf(text);
  const broken = (why: string): Address => ({
    kind: 'other',
    what: `no address that can be read: ${why}; @, /, ? and # in a password are written as %40, %2F, %3F and %23`,
  });
  if (flaw !== undefined) return broken(flaw);
  const address = parseAddress(text);
  const { host, port, database, parameters } = address;
  if (database.includes('/')) return broken('its database has a / in its name');
  const pooled =
    parameters.get('pgbouncer') === 'true' || /-pooler\.|\.pooler\./.test(host) || port === 6543;
  // Neon puts "-pooler" into the name of the host, Supabase another port before the same server.
  const server = host.replace(/-pooler(?=\.)/, '').replace(/^(localhost|::1)$/, '127.0.0.1');
  return {
    kind: 'postgres',
    where: `${placeOf(address)}/${database}`,
    identity: `${server}:${port === 6543 ? 5432 : port}/${database}`,
    host,
    port,
    pooled,
  };
}

/** `file:` as Prisma and libSQL write it, `sqlite:` as sqlx, Rails and SQLAlchemy do. */
function sqlitePath(text: string): Address | undefined {
  const match = /^(file|sqlite3?):([^?#]*)/i.exec(text);
  if (match === null) return undefined;
  const [, scheme = '', rest = ''] = match;
  if (/:memory:/.test(rest) || /[?&]mode=memory/.test(text)) {
    return { kind: 'other', what: 'a database in memory, which is gone with its program' };
  }
  let path = rest;
  // sqlite:///app.db is relative to the program, sqlite:////app.db is not; file:///app.db never is.
  if (/^sqlite/i.test(scheme)) path = rest.replace(/^\/\/\//, '').replace(/^\/\/(?!\/)/, '');
  else path = rest.replace(/^\/\/(?=\/)/, '').replace(/^\/\/(?!\/)/, '');
  path = decoded(path);
  return path === '' || path.includes('\0') ? { kind: 'none' } : { kind: 'sqlite', path };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
