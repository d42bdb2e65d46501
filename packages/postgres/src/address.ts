// From a postgresql:// address to what the client library and people need. Everything that says where the server is may be shown;
// the password never is. The words of `sslmode` mean what libpq takes them for.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** undefined: none, or one that ~/.pgpass holds. */
  readonly password: string | undefined;
  readonly database: string;
  /** What else it asks for; of what it says twice, the first. `ssl=true` is there as `sslmode`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** As it is written, and '' for what it leaves out. */
export interface AddressParts extends Pick<ServerAddress, 'parameters'> {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const CONNECT_LIMIT_S = 10;
const LONGEST_LIMIT_S = 3600;
/** What lies between forgets a connection that is silent for minutes. */
const KEEP_ALIVE_MS = 30_000;
/** Those that ServerAddress has by name: no password is among its parameters. */
const PARTS = new Set(['host', 'port', 'user', 'password', 'dbname']);
const SSL_MODES = 'disable allow prefer require no-verify verify-ca verify-full'.split(' ');

/**
 * What is wrong with an address; undefined: nothing. It completes "the address is wrong: ...", and repeats nothing of the text: a
 * mistyped address may be all password.
 */
export function flawOf(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return 'it does not begin with postgresql://';
  if (!URL.canParse(withHost(text))) return 'it cannot be read as a URL';
  const { pathname, port, searchParams, hash } = urlOf(text);
  const names = [...searchParams.keys()].join('');
  // Those of a password, written as they are, would make another host, port or database of it.
  if (hash !== '' || /@|\/.*\//.test(pathname) || /[@/]/.test(names))
    return 'an @, /, ? or # stands in it where none can be';
  const asked = searchParams.get('port') || port || '5432';
  if (!/^\d+$/.test(asked) || Number(asked) < 1 || Number(asked) > 65_535)
    return 'its port is no number from 1 to 65535';
  // A mistyped one must not come to mean "without looking at the certificate".
  if (!SSL_MODES.includes(searchParams.get('sslmode') ?? 'prefer'))
    return `its sslmode is none of ${SSL_MODES.join(', ')}`;
  return undefined;
}

/** Of an address without a flaw. */
export function parseAddress(text: string): ServerAddress {
  const { host, port, password, database, ...parts } = partsOf(text);
  const user = parts.user || os.userInfo().username;
  return {
    host: host || 'localhost',
    port: Number(port || 5432),
    user,
    password: password || undefined,
    database: database || user,
    parameters: parts.parameters,
  };
}

/** For who leaves to libpq what an address leaves out. Of an address without a flaw. */
export function partsOf(text: string): AddressParts {
  const url = urlOf(text);
  const asked = (name: string): string => url.searchParams.get(name) ?? '';
  return {
    host: asked('host') || decode(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: asked('port') || url.port,
    user: asked('user') || decode(url.username),
    password: asked('password') || decode(url.password),
    database: asked('dbname') || decode(url.pathname.slice(1)),
    parameters: parametersOf(url.searchParams),
  };
}

/** The same address for who can read URLs only. */
export function urlOf(text: string): URL {
  return new URL(withHost(text));
}

/** For people: 'db.example.org:5432'. */
export function placeOf({ host, port }: Pick<ServerAddress, 'host' | 'port'>): string {
  if (host.startsWith('/')) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function clientConfig(address: ServerAddress, applicationName: string): ClientConfig {
  const { host, port, user, password, database, parameters } = address;
  // A role or a search path, or what a hosted server finds the database by: libpq's programs ask for it too.
  const options = parameters.get('options');
  return {
    host,
    port,
    user,
    database,
    // For libpq too a socket's file has no use for it, whatever is asked.
    ssl: !host.startsWith('/') && sslOf(parameters),
    application_name: applicationName,
    connectionTimeoutMillis: connectLimitMs(parameters),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    ...(password === undefined ? {} : { password }),
    ...(options ? { options } : {}),
  };
}

/** Nothing is waited for without end; and a timer of many days would fire at once. */
function connectLimitMs(parameters: ServerAddress['parameters']): number {
  const seconds = Number(parameters.get('connect_timeout') ?? CONNECT_LIMIT_S);
  return 1000 * (seconds >= 1 ? Math.min(seconds, LONGEST_LIMIT_S) : CONNECT_LIMIT_S);
}

function parametersOf(asked: URLSearchParams): ServerAddress['parameters'] {
  const found = new Map<string, string>();
  for (const [name, value] of asked)
    if (!PARTS.has(name) && !found.has(name)) found.set(name, value);
  // What Java's drivers and pg itself call it.
  if (found.get('ssl') === 'true' && !found.has('sslmode')) found.set('sslmode', 'require');
  return found;
}

function sslOf(parameters: ServerAddress['parameters']): boolean | ConnectionOptions {
  // libpq allows for nothing less with the system's certificates.
  const system = parameters.get('sslrootcert') === 'system';
  const mode = system ? 'verify-full' : (parameters.get('sslmode') ?? 'prefer');
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

/** libpq allows for a login without a host: that is in `host=` then. */
function withHost(text: string): string {
  return text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?]|$)/, '$1localhost');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
