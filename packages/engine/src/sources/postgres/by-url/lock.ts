// The advisory lock of applications that write to a database by URL, taken on a direct connection of its own.
import type { Participant } from '../../../freeze/contract.ts';
import { createAdvisoryLockParticipant } from '../advisory-lock.ts';
import type { AddressOf } from './options.ts';
import { createUrlServer } from './server.ts';

export interface UrlLockOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  readonly key: bigint;
  readonly address: AddressOf;
  readonly databaseSuffix?: string;
}

export function createUrlLockParticipant(options: UrlLockOptions): Participant {
  const { name, guards, key, address, databaseSuffix } = options;
  const server = createUrlServer(address, databaseSuffix);
  return createAdvisoryLockParticipant({
    name,
    guards,
    key,
    databases: async () => [(await server.address()).database],
    connect: (database, applicationName, signal) =>
      server.connect({ database, applicationName, signal }),
  });
}
