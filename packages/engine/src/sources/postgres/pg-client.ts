// The client library, loaded when somebody connects or quotes a name for it: its many files are most of what a project without a Postgres
// would wait for.
import { createRequire } from 'node:module';
import type { Client, ClientConfig } from 'pg';

type Library = typeof import('pg');

const require = createRequire(import.meta.url);
let loaded: Library | undefined;

function library(): Library {
  return (loaded ??= require('pg') as Library);
}

export function newClient(config: ClientConfig): Client {
  return new (library().Client)(config);
}

export function escapeIdentifier(name: string): string {
  return library().escapeIdentifier(name);
}

export function escapeLiteral(text: string): string {
  return library().escapeLiteral(text);
}
