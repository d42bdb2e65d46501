// What a source by URL finds in its address beyond the server: the project's own database, where others are made, and what libpq's
// programs are told. Everything that says where the server is may be shown; the password never is.
import { createHash } from 'node:crypto';
import { parseAddress, urlOf, type ServerAddress } from '@stillpoint/postgres';

export interface SourceAddress extends ServerAddress {
  /** From where other databases are renamed and made; undefined: looked for. */
  readonly maintenance: string | undefined;
}

/** A name in Postgres ends here, in bytes. */
const NAME_BYTES = 63;
/** What poolers, frameworks and we put into addresses is left out: libpq refuses what it does not know. */
const LIBPQ = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslcrl', 'sslnegotiation'];
const MORE_LIBPQ = ['connect_timeout', 'channel_binding', 'gssencmode', 'ssl_min_protocol_version'];

export function sourceAddress(text: string, databaseSuffix?: string): SourceAddress {
  const address = parseAddress(text);
  const end = databaseSuffix === undefined ? '' : `_${databaseSuffix}`;
  return {
    ...address,
    database: nameWith(address.database, end),
    maintenance: address.parameters.get('maintenance') || undefined,
  };
}

/** The address that programs get: of this project's own database, without what only we understand. */
export function addressForPrograms(text: string, databaseSuffix?: string): string {
  const url = urlOf(text);
  const { database } = sourceAddress(text, databaseSuffix);
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

/** A connection string of libpq without the password, for an argument list. */
export function conninfo(
  { host, port, user, parameters }: ServerAddress,
  database: string,
  sessionOptions: readonly string[],
): string {
  const known = [...LIBPQ, ...MORE_LIBPQ].flatMap((name) => {
    const value = parameters.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const entries = new Map<string, string>([
    ...known,
    ['host', host],
    ['port', String(port)],
    ['user', user],
    ['dbname', database],
    ['keepalives_idle', '30'],
  ]);
  if (parameters.get('sslmode') === 'no-verify') entries.set('sslmode', 'require');
  const options = [parameters.get('options') ?? '', ...sessionOptions].join(' ').trim();
  if (options !== '') entries.set('options', options);
  const quoted = (value: string): string => `'${value.replaceAll(/[\\']/g, '\\$&')}'`;
  return [...entries].map(([name, value]) => `${name}=${quoted(value)}`).join(' ');
}
