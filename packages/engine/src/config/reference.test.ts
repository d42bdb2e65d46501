import { DEFAULT_LOCK_KEY, resolveConfig } from './index.ts';
import { DEFAULT_DATABASE } from './sources.ts';
import { knownKeys } from './user-config.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

const page = readFileSync(new URL('../../../../docs/reference/config.md', import.meta.url), 'utf8');

test('docs/reference/config.md names every key, and no other', () => {
  const named = new Set(
    [...page.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, keys = '']) =>
      keys.split(', ').map((key) => key.replaceAll('`', '')),
    ),
  );
  const { postgres, postgresByUrl, sqlite, files, run } = knownKeys;
  const sourceKeys = [...postgres, ...postgresByUrl, ...sqlite, ...files, ...run];
  const expected = [
    ...knownKeys.config,
    ...knownKeys.member.map((key) => `members[].${key}`),
    ...sourceKeys.map((key) => `sources.*.${key}`),
    ...knownKeys.freeze.map((key) => `freeze.${key}`),
    ...knownKeys.vault.map((key) => `vault.${key}`),
    ...knownKeys.encryption.map((key) => `vault.encryption.${key}`),
    ...knownKeys.passphrase.map((key) => `vault.encryption.passphrase.${key}`),
    ...knownKeys.retention.map((key) => `retention.${key}`),
    ...knownKeys.lock,
    ...knownKeys.command,
    ...knownKeys.http,
    ...knownKeys.queue,
    ...knownKeys.runParticipant,
  ];
  assert.deepEqual([...named].toSorted(), [...new Set(expected)].toSorted());
});

test('its defaults are the ones that are used', async () => {
  const config = await resolveConfig(
    { sources: { db: { driver: 'postgres' } } },
    { projectDirectory: tmpdir() },
  );
  assert.ok(page.includes(`| \`freeze.lockKey\` | \`${DEFAULT_LOCK_KEY}\` |`));
  assert.ok(page.includes(`| \`freeze.budget\` | \`'${config.freeze.budgetMs / 1000}s'\` |`));
  assert.ok(page.includes(`| \`sources.*.database\` | \`'${DEFAULT_DATABASE}'\` |`));
  assert.equal(config.participants[0]?.name, 'lock:db');
});
