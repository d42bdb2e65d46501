// What a person writes under `sources`: one shape for each driver. A postgres with a `url` is somebody else's server.
import { parseSize, sizeText } from '@stillpoint/core';
import * as z from 'zod';
import { relativePath } from './written-path.ts';

const setting = z.union([z.string(), z.number(), z.boolean()], 'a text, a number or true/false');

// Less than a checkpoint's worth would cost the slot, and with it the base, while a snapshot is still catching up.
const WAL_LIMIT_BYTES = { smallest: 256 * 1024 ** 2, largest: 16 * 1024 ** 4 } as const;
const walLimitWords = `a text like '4GiB' or '512MB', from ${sizeText(WAL_LIMIT_BYTES.smallest)} to ${sizeText(WAL_LIMIT_BYTES.largest)}`;
const walLimit = z.string(walLimitWords).transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes >= WAL_LIMIT_BYTES.smallest && bytes <= WAL_LIMIT_BYTES.largest)
    return bytes;
  context.addIssue({ code: 'custom', message: walLimitWords });
  return z.NEVER;
});

const reservedDatabases = new Set(['postgres', 'template0', 'template1']);

const managedPostgres = z.strictObject({
  driver: z.literal('postgres'),
  database: z
    .string('the name of a database')
    .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, 'a database name of letters, digits, _ and -')
    .refine(
      (name) => !reservedDatabases.has(name),
      'not one of the databases that Postgres keeps for itself',
    )
    .optional(),
  port: z
    .int('a whole number from 1 to 65535')
    .min(1, 'a whole number from 1 to 65535')
    .max(65_535, 'a whole number from 1 to 65535')
    .optional(),
  settings: z.record(z.string(), setting, 'names and values for postgresql.conf').optional(),
  walLimit: walLimit.optional(),
});

const addressWords = "a postgresql:// address, or { env: 'DATABASE_URL' }";
const address = z.union(
  [
    z.string().min(1, addressWords),
    z.strictObject(
      {
        env: z
          .string('the name of an environment variable')
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable'),
        file: relativePath.optional(),
      },
      addressWords,
    ),
  ],
  addressWords,
);

const postgresByUrl = z.strictObject({
  driver: z.literal('postgres'),
  url: address,
  directUrl: address.optional(),
  programs: z.string('the directory of pg_dump').min(1, 'the directory of pg_dump').optional(),
});

const sqlite = z.strictObject({ driver: z.literal('sqlite'), file: relativePath });

const files = z.strictObject({
  driver: z.literal('files'),
  path: relativePath,
  exclude: z.array(relativePath, 'a list of paths and globs').optional(),
});

const runWords = "the id of a run, or 'latest'";
const run = z.strictObject({
  driver: z.literal('run'),
  directory: relativePath.optional(),
  run: z
    .string(runWords)
    .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, runWords)
    .optional(),
});

/** The kinds of sources, as the configuration tells them apart. */
export const sourceKinds = {
  postgres: managedPostgres,
  postgresByUrl,
  sqlite,
  files,
  run,
} as const;

const drivers = ['postgres', 'sqlite', 'files', 'run'] as const;
const driverWords = "'postgres', 'sqlite', 'files' or 'run'";

/** Its driver, and for postgres whether there is a `url`, say what it is; each kind has its own keys. */
export function sourceKindOf(value: unknown): keyof typeof sourceKinds {
  const { driver } = (value ?? {}) as { driver?: unknown };
  if (driver === 'sqlite' || driver === 'files' || driver === 'run') return driver;
  return typeof value === 'object' && value !== null && 'url' in value
    ? 'postgresByUrl'
    : 'postgres';
}

type UserSource =
  | z.input<typeof managedPostgres>
  | z.input<typeof postgresByUrl>
  | z.input<typeof sqlite>
  | z.input<typeof files>
  | z.input<typeof run>;
type ParsedSource =
  | z.output<typeof managedPostgres>
  | z.output<typeof postgresByUrl>
  | z.output<typeof sqlite>
  | z.output<typeof files>
  | z.output<typeof run>;

const named = z.looseObject(
  { driver: z.enum(drivers, driverWords) },
  "{ driver: 'postgres', ... }",
) as z.ZodType<{ driver: (typeof drivers)[number] }, UserSource>;

/** Not a union: its issues would speak of all kinds at once. */
export const sourceSchema: z.ZodType<ParsedSource, UserSource> = named.transform(
  (value, context) => {
    const parsed = sourceKinds[sourceKindOf(value)].safeParse(value);
    if (parsed.success) return parsed.data;
    // The types tell the issues of every kind of schema apart; here each is only passed on.
    for (const issue of parsed.error.issues) context.addIssue(issue as never);
    return z.NEVER;
  },
);
