// What a person writes in stillpoint.config.ts or .json: the shape, its types and its words for errors. Every key
// that is not named here is refused. Defaults and everything that needs the disk come later, in resolve.ts.
// docs/reference/config.md describes these keys by hand; config.test.ts holds the two equal.
import { durationText, parseDuration } from '@stillpoint/core';
import * as z from 'zod';
import { sourceKinds, sourceSchema } from './user-sources.ts';
import { retentionKeys, retentionSchema } from './user-retention.ts';
import { vaultKeys, vaultSchema } from './user-vault.ts';
import { relativePath } from './written-path.ts';

const memberObject = z.strictObject({
  path: relativePath,
  include: z.array(relativePath, 'a list of paths and globs').optional(),
  rebuild: z
    .string('a shell command')
    .trim()
    .min(1, 'a shell command, not an empty text')
    .optional(),
});
const member = z.union(
  [relativePath, memberObject],
  'a path, a glob, or { path, include, rebuild }',
);

const guards = z.union(
  [z.literal('*'), z.array(z.string('the name of a source or the path of a member'))],
  "'*' or a list of source names and member paths",
);
const participantName = z
  .string('a name')
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._:-]{0,63}$/, 'up to 64 letters, digits, spaces and . _ : -');
const shellCommand = z
  .string('a shell command')
  .trim()
  .min(1, 'a shell command, not an empty text');
const webAddress = z.url({ protocol: /^https?$/, error: 'an http:// or https:// address' });

const participantKinds = {
  lock: z.strictObject({
    kind: z.literal('lock'),
    source: z.string('the name of a source').optional(),
    name: participantName.optional(),
    guards: guards.optional(),
  }),
  command: z.strictObject({
    kind: z.literal('command'),
    name: participantName,
    suspend: shellCommand,
    resume: shellCommand,
    guards: guards.optional(),
  }),
  http: z.strictObject({
    kind: z.literal('http'),
    name: participantName,
    suspend: webAddress,
    resume: webAddress,
    guards: guards.optional(),
  }),
  queue: z.strictObject({
    kind: z.literal('queue'),
    source: z.string('the name of a source').optional(),
    name: participantName.optional(),
    guards: guards.optional(),
  }),
  run: z.strictObject({
    kind: z.literal('run'),
    source: z.string('the name of a source').optional(),
    name: participantName.optional(),
    guards: guards.optional(),
  }),
};

const participant = z.discriminatedUnion(
  'kind',
  [
    participantKinds.lock,
    participantKinds.queue,
    participantKinds.run,
    participantKinds.command,
    participantKinds.http,
  ],
  "{ kind: 'lock' }, { kind: 'queue' }, { kind: 'run' }, { kind: 'command', ... } or { kind: 'http', ... }",
);

const BUDGET_MS = { smallest: 100, largest: 600_000 } as const;
const budgetWords = `a number of milliseconds or a text like '2s', from ${durationText(BUDGET_MS.smallest)} to ${durationText(BUDGET_MS.largest)}`;
const budget = z.union([z.number(), z.string()], budgetWords).transform((value, context) => {
  const ms = typeof value === 'number' ? value : parseDuration(value);
  if (ms !== undefined && ms >= BUDGET_MS.smallest && ms <= BUDGET_MS.largest)
    return Math.round(ms);
  context.addIssue({ code: 'custom', message: budgetWords });
  return z.NEVER;
});

const keyWords =
  'a whole number that fits into 64 bits (as a number, a bigint or a text of digits)';
const lockKey = z
  .union([z.int(keyWords), z.bigint(), z.string().regex(/^-?\d{1,19}$/, keyWords)], keyWords)
  .transform((value, context) => {
    const key = BigInt(value);
    if (BigInt.asIntN(64, key) === key) return key;
    context.addIssue({ code: 'custom', message: keyWords });
    return z.NEVER;
  });

const freeze = z.strictObject(
  { budget: budget.optional(), lockKey: lockKey.optional() },
  '{ budget, lockKey }',
);

export const userConfigSchema = z.strictObject(
  {
    members: z.array(member, 'a list of paths and globs of git repositories').optional(),
    sources: z
      .record(z.string(), sourceSchema, 'named sources, { db: { driver: ... } }')
      .optional(),
    participants: z.array(participant, 'a list of participants').optional(),
    freeze: freeze.optional(),
    vault: vaultSchema.optional(),
    copies: z.array(vaultSchema, 'a list of places, each as `vault` says it').optional(),
    retention: retentionSchema.optional(),
  },
  'an object',
);

/** The keys that each kind of object of the configuration knows. */
export const knownKeys = {
  config: Object.keys(userConfigSchema.shape),
  member: Object.keys(memberObject.shape),
  postgres: Object.keys(sourceKinds.postgres.shape),
  postgresByUrl: Object.keys(sourceKinds.postgresByUrl.shape),
  sqlite: Object.keys(sourceKinds.sqlite.shape),
  files: Object.keys(sourceKinds.files.shape),
  run: Object.keys(sourceKinds.run.shape),
  freeze: Object.keys(freeze.shape),
  ...vaultKeys,
  retention: retentionKeys,
  lock: Object.keys(participantKinds.lock.shape),
  command: Object.keys(participantKinds.command.shape),
  http: Object.keys(participantKinds.http.shape),
  queue: Object.keys(participantKinds.queue.shape),
  runParticipant: Object.keys(participantKinds.run.shape),
} as const;

/** What `defineConfig` takes. */
export type UserConfig = z.input<typeof userConfigSchema>;
/** The same with durations and keys read. */
export type ParsedConfig = z.output<typeof userConfigSchema>;

/** Gives its argument back. It is there so that an editor knows the type of what you write. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}
