// What the configuration files of Prisma and Drizzle say of their databases: which variable, which literal, and relative to what.
import path from 'node:path';
import type { FoundSchema } from './contract.ts';
import { readDrizzleConfig } from './drizzle.ts';
import { configOfSchema, readPrismaConfig, readPrismaSchema } from './prisma.ts';
import { readStart } from './file-start.ts';
import type { Written } from './source-text.ts';
import type { Walked } from './walk.ts';

export interface Reference {
  /** The file that says it, relative to the project. */
  readonly file: string;
  readonly provider: string;
  readonly url: Written;
  readonly directUrl?: Written;
  /** What a relative path in `url` is relative to. */
  readonly base: string;
}

export interface References {
  readonly references: readonly Reference[];
  readonly schemas: readonly FoundSchema[];
  readonly notes: readonly string[];
}

export async function readReferences(directory: string, walked: Walked): Promise<References> {
  const read = (file: string): Promise<string> => readStart(path.join(directory, file));
  const prisma = await readPrisma(walked, read);
  const drizzle = await readDrizzle(walked, read);
  return {
    references: [...prisma.references, ...drizzle.references],
    schemas: [...prisma.schemas, ...drizzle.schemas],
    notes: [...prisma.notes, ...drizzle.notes],
  };
}

type Read = (file: string) => Promise<string>;

async function readPrisma(walked: Walked, read: Read): Promise<References> {
  const references: Reference[] = [];
  const schemas: FoundSchema[] = [];
  for (const file of walked.prismaSchemas) {
    const source = readPrismaSchema(await read(file));
    if (source === undefined) continue;
    const { provider } = source;
    const migrations = path.posix.join(path.posix.dirname(file), 'migrations');
    schemas.push({ tool: 'prisma', file, provider, migrations });
    // Before Prisma 7 the schema holds the address, and its directory is what a path is relative to.
    const config = configOfSchema(file, walked.prismaConfigs);
    const configured = config === undefined ? undefined : readPrismaConfig(await read(config));
    const url = source.url ?? configured?.url;
    if (url === undefined) continue;
    const holder = source.url === undefined && config !== undefined ? config : file;
    const directUrl = source.directUrl ?? configured?.directUrl;
    references.push({
      file: holder,
      provider,
      url,
      ...(directUrl === undefined ? {} : { directUrl }),
      base: path.posix.dirname(holder),
    });
  }
  return { references, schemas, notes: [] };
}

async function readDrizzle(walked: Walked, read: Read): Promise<References> {
  const references: Reference[] = [];
  const schemas: FoundSchema[] = [];
  const notes: string[] = [];
  for (const file of walked.drizzleConfigs) {
    const { dialect, url, inParts, out } = readDrizzleConfig(await read(file));
    const base = path.posix.dirname(file);
    const migrations = path.posix.join(base, out);
    const inside = !migrations.startsWith('..') && !path.posix.isAbsolute(out);
    schemas.push({ tool: 'drizzle', file, provider: dialect, ...(inside ? { migrations } : {}) });
    if (url !== undefined) references.push({ file, provider: dialect, url, base });
    if (inParts && /postgres/.test(dialect)) {
      notes.push(
        `${file} gives the database in parts; Stillpoint takes one address: write DATABASE_URL=postgresql://USER:PASSWORD@HOST:PORT/DATABASE into .env.`,
      );
    }
  }
  return { references, schemas, notes };
}
