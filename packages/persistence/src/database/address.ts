// From a postgresql:// address to what the client library needs, and to what may be shown: never the password. The words of
// `sslmode` mean what libpq takes them for.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { ConnectionOptions } from 'node:tls';
import { failure } from '@stillpoint/core';
import type { ClientConfig } from 'pg';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly parameters: URLSearchParams;
}

const CONNECT_LIMIT_S = 10;

/** DATABASE_ADDRESS_INVALID, which says what is wrong without the text: a mistyped address may be all password. */
export function parseAddress(text: string): ServerAddress {
  // libpq allows for a login without a host: that is in `host=` then.
  const whole = text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?]|$)/, '$1localhost');
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined)
    throw failure('DATABASE_ADDRESS_INVALID', { reason: 'it cannot be read as a URL' });
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:') {
    const reason = `it begins with ${url.protocol.slice(0, 20)} instead of postgresql:`;
    throw failure('DATABASE_ADDRESS_INVALID', { reason });
  }
  const asked = url.searchParams;
  const user = asked.get('user') || decode(url.username) || os.userInfo().username;
  const port = Number(asked.get('port') || url.port || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw failure('DATABASE_ADDRESS_INVALID', { reason: 'its port is not a number up to 65535' });
  return {
    host: asked.get('host') || decode(url.hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port,
    user,
    password: asked.get('password') || decode(url.password) || undefined,
    database: asked.get('dbname') || decode(url.pathname.slice(1)) || user,
    parameters: asked,
  };
}

/** For people: 'db.example.org:5432'. */
export function placeOf({ host, port }: ServerAddress): string {
  return host.startsWith('/') ? host : `${host}:${port}`;
}

export function clientConfig(address: ServerAddress, applicationName: string): ClientConfig {
  const { host, port, user, password, database, parameters } = address;
  const seconds = Number(parameters.get('connect_timeout') ?? CONNECT_LIMIT_S);
  const options = parameters.get('options');
  return {
    host,
    port,
    user,
    database,
    ssl: sslOf(parameters),
    application_name: applicationName,
    // Nothing is waited for without end.
    connectionTimeoutMillis: 1000 * (seconds >= 1 ? seconds : CONNECT_LIMIT_S),
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    ...(password === undefined ? {} : { password }),
    ...(options === null ? {} : { options }),
  };
}

function sslOf(parameters: URLSearchParams): boolean | ConnectionOptions {
  const mode =
    parameters.get('sslmode') ?? (parameters.get('ssl') === 'true' ? 'require' : 'prefer');
  // The client library cannot fall back to plain text, so what is not demanded is not tried.
  if (['disable', 'allow', 'prefer'].includes(mode)) return false;
  const read = (name: string): Buffer | undefined => {
    const file = parameters.get(name);
    return file === null || file === 'system' ? undefined : readFileSync(file);
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

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
