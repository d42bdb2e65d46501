// From a postgresql:// address to what the client library, libpq's programs and people need. Everything that says where the
// server is may be shown; the password never is.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** undefined: none, or one that ~/.pgpass holds. */
  readonly password?: string;
  readonly database: string;
  /** From where other databases are renamed and made; undefined: looked for. */
  readonly maintenance?: string;
  /** Those of the address that libpq knows: sslmode, sslrootcert, ... */
  readonly parameters: ReadonlyMap<string, string>;
}

const CONNECT_LIMIT_S = 10;
/** A name in Postgres ends here, in bytes. */
const NAME_BYTES = 63;
/** What poolers, frameworks and we put into addresses is left out: libpq refuses what it does not know. */
const LIBPQ = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslcrl', 'sslnegotiation'];
const MORE_LIBPQ = [
  'connect_timeout',
  'channel_binding',
  'gssencmode',
  'options',
  'ssl_min_protocol_version',
];

export function parseAddress(text: string, databaseSuffix?: string): ServerAddress {
  const url = new URL(text);
  const asked = url.searchParams;
  const user = asked.get('user') || decode(url.username) || os.userInfo().username;
  const password = asked.get('password') || decode(url.password);
  const database = asked.get('dbname') || decode(url.pathname.slice(1)) || user;
  const maintenance = asked.get('maintenance');
  const parameters = new Map(
    [...LIBPQ, ...MORE_LIBPQ].flatMap((name) => {
      const value = asked.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
  // What Java's drivers and pg itself call it.
  if (asked.get('ssl') === 'true' && !parameters.has('sslmode'))
    parameters.set('sslmode', 'require');
  return {
    host: asked.get('host') || decode(url.hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: Number(asked.get('port') || url.port || 5432),
    user,
    ...(password === '' ? {} : { password }),
    database: nameWith(database, databaseSuffix === undefined ? '' : `_${databaseSuffix}`),
    ...(maintenance === null || maintenance === '' ? {} : { maintenance }),
    parameters,
  };
}

/** The address that programs get: of this project's own database, without what only we understand. */
export function addressForPrograms(text: string, databaseSuffix?: string): string {
  const url = new URL(text);
  const { database } = parseAddress(text, databaseSuffix);
  url.searchParams.delete('maintenance');
  if (databaseSuffix !== undefined) {
    url.pathname = `/${encodeURIComponent(database)}`;
    url.searchParams.delete('dbname');
  }
  return url.href;
}

/**
 * `name` and `end` as one name. Where Postgres would cut the end off, the name is cut instead, with a digest of the whole in its
 * place: two long names that begin alike must not become one database.
 */
export function nameWith(name: string, end: string): string {
  if (Buffer.byteLength(name + end) <= NAME_BYTES) return name + end;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const characters = Array.from(name);
  const whole = (): string => `${characters.join('')}_${digest}${end}`;
  while (Buffer.byteLength(whole()) > NAME_BYTES) characters.pop();
  return whole();
}

export function connectLimitMs({ parameters }: ServerAddress): number {
  const seconds = Number(parameters.get('connect_timeout') ?? CONNECT_LIMIT_S);
  // Nothing is waited for without end.
  return 1000 * (seconds >= 1 ? seconds : CONNECT_LIMIT_S);
}

/** For people: 'db.example.org:5432'. */
export function placeOf({ host, port }: ServerAddress): string {
  return host.startsWith('/') ? host : `${host}:${port}`;
}

export function clientConfig(address: ServerAddress): ClientConfig {
  const { host, port, user, password, database } = address;
  const ssl = sslOf(address.parameters);
  return { host, port, user, database, ssl, ...(password === undefined ? {} : { password }) };
}

/** As libpq understands the words, so that pg_dump and we meet the same server in the same way. */
function sslOf(parameters: ReadonlyMap<string, string>): boolean | ConnectionOptions {
  const mode = parameters.get('sslmode') ?? 'prefer';
  // The client library cannot fall back to plain text, so what is not demanded is not tried.
  if (['disable', 'allow', 'prefer'].includes(mode)) return false;
  const read = (name: string): Buffer | undefined => {
    const file = parameters.get(name);
    return file === undefined || file === 'system' ? undefined : readFileSync(file);
  };
  const ca = read('sslrootcert');
  const cert = read('sslcert');
  const key = read('sslkey');
  const files = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  if (mode === 'verify-full') return files;
  if (mode === 'verify-ca' || (mode === 'require' && ca !== undefined))
    return { ...files, checkServerIdentity: () => undefined };
  return { ...files, rejectUnauthorized: false };
}

/** A connection string of libpq without the password, for an argument list. */
export function conninfo(
  address: ServerAddress,
  database: string,
  sessionOptions: readonly string[],
): string {
  const { host, port, user, parameters } = address;
  const options = [parameters.get('options') ?? '', ...sessionOptions].join(' ').trim();
  const mode = parameters.get('sslmode');
  const entries = new Map<string, string>([
    ...parameters,
    ['host', host],
    ['port', String(port)],
    ['user', user],
    ['dbname', database],
    ['keepalives_idle', '30'],
  ]);
  if (mode === 'no-verify') entries.set('sslmode', 'require');
  entries.delete('options');
  if (options !== '') entries.set('options', options);
  const quoted = (value: string): string => `'${value.replaceAll(/[\\']/g, '\\$&')}'`;
  return [...entries].map(([name, value]) => `${name}=${quoted(value)}`).join(' ');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
