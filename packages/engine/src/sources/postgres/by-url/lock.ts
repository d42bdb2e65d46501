// The advisory lock of applications that write to a database by URL, taken on a direct connection of its own. Where the database is
// not there nobody has to hold still: then held means that it is still not there, and a restore makes it anew.
import { failure, isFailure } from '@stillpoint/core';
import type { Hold, Participant } from '../../../freeze/contract.ts';
import { createAdvisoryLockParticipant } from '../advisory-lock.ts';
import type { AddressOf } from './options.ts';
import { createUrlServer, type UrlServer } from './server.ts';

export interface UrlLockOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  readonly key: bigint;
  readonly address: AddressOf;
  readonly databaseSuffix?: string;
}

export function createUrlLockParticipant(options: UrlLockOptions): Participant {
  const { name, guards, key, address, databaseSuffix } = options;
  return createUrlParticipant({ address, ...(databaseSuffix && { databaseSuffix }) }, (server) =>
    createAdvisoryLockParticipant({
      name,
      guards,
      key,
      databases: async () => [(await server.address()).database],
      connect: (database, applicationName, signal) =>
        server.connect({ database, applicationName, signal }),
    }),
  );
}

/** Whoever holds still by direct connections to the database. */
export function createUrlParticipant(
  { address, databaseSuffix }: Pick<UrlLockOptions, 'address' | 'databaseSuffix'>,
  make: (server: UrlServer) => Participant,
): Participant {
  const server = createUrlServer(address, databaseSuffix);
  const made = make(server);
  return {
    ...made,
    async open(hold) {
      try {
        return await made.open(hold);
      } catch (error) {
        if (!isFailure(error, 'POSTGRES_DATABASE_MISSING')) throw error;
        return holdOfNothing(made.name, server);
      }
    },
  };
}

/** Somebody who makes the database meanwhile ends it: what he writes into it is in no undo point. */
function holdOfNothing(name: string, server: UrlServer): Hold {
  let suspended = false;
  let resumed: Promise<'held' | 'lost'> | undefined;
  const check = async (signal?: AbortSignal): Promise<void> => {
    if (await isMissing(server, signal)) return;
    throw failure('FREEZE_LOST', { who: `the database of "${name}" was made meanwhile` });
  };
  // It paused nobody, so there is nothing that could fail to go on.
  const end = async (): Promise<'held' | 'lost'> =>
    suspended && (await isMissing(server).catch(() => false)) ? 'held' : 'lost';
  return {
    async suspend(signal) {
      await check(signal);
      suspended = true;
    },
    check: () => check(),
    resume: () => (resumed ??= end()),
    async [Symbol.asyncDispose]() {},
  };
}

async function isMissing(server: UrlServer, signal?: AbortSignal): Promise<boolean> {
  try {
    const asked = {
      applicationName: 'stillpoint freeze',
      ...(signal === undefined ? {} : { signal }),
    };
    const client = await server.connect(asked);
    await client.end();
    return false;
  } catch (error) {
    if (isFailure(error, 'POSTGRES_DATABASE_MISSING')) return true;
    throw error;
  }
}
