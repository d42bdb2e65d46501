// Whoever may not work in a database is told when it opens it, with what to do: not by the first job that needs the right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { appRoleName, installChambers } from './chambers/index.ts';
import { identifier } from './database/index.ts';
import { openTestDatabase, serverKinds, whyNot } from './database/testing/index.ts';
import { libraryParts, openPersistence } from './index.ts';

async function refusal(url: string, ...words: readonly string[]): Promise<void> {
  await assert.rejects(openPersistence({ url }), (error) => {
    assert.ok(isFailure(error, 'DAEMON_RIGHT_MISSING'), String(error));
    for (const word of words) assert.ok(`${error.message} ${error.hint}`.includes(word), word);
    return true;
  });
}

for (const kind of serverKinds)
  test(
    `${kind}: a right or a table that is missing is told at the start`,
    { skip: whyNot(kind) },
    async (t) => {
      const { url, database: owner, server } = await openTestDatabase(t, { kind });
      await owner.transaction((transaction) =>
        installChambers(transaction, libraryParts, owner.facts),
      );
      const role = appRoleName(owner.facts.database);
      const app = identifier(role);
      const login = `${owner.facts.database}_login`;
      await server.admin(`CREATE ROLE ${identifier(login)} LOGIN PASSWORD 'secret'`);
      const own = new URL(url);
      [own.username, own.password] = [login, 'secret'];
      await refusal(own.href, 'schema stillpoint', `GRANT "${role}" TO "${login}"`);
      // Whose rights are not its own until it acts as the role.
      await server.admin(
        `ALTER ROLE ${identifier(login)} NOINHERIT; GRANT ${app} TO ${identifier(login)}`,
      );
      await (await openPersistence({ url: own.href }))[Symbol.asyncDispose]();
      if (owner.facts.version >= 160_000) {
        await server.admin(`ALTER ROLE ${identifier(login)} INHERIT;
          REVOKE ${app} FROM ${identifier(login)}; GRANT ${app} TO ${identifier(login)} WITH INHERIT TRUE, SET FALSE`);
        await using inherited = await openPersistence({ url: own.href });
        assert.equal(inherited.database.facts.role, login);
      }

      await owner.query(`REVOKE INSERT ON public.state_documents FROM ${app}`);
      await owner.query(`REVOKE USAGE ON SCHEMA verbatim FROM ${app}`);
      await refusal(url, 'INSERT on public.state_documents', 'SELECT on verbatim.facts', 'migrate');
      await owner.transaction((transaction) =>
        installChambers(transaction, libraryParts, owner.facts),
      );
      await (await openPersistence({ url }))[Symbol.asyncDispose]();
      await owner.query('DROP TABLE queue.progress');
      await refusal(url, 'the table queue.progress is not there', 'doctor');
      await server.admin(`DROP ROLE ${identifier(login)}`);
    },
  );
