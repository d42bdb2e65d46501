// Prisma: the datasource block of a schema, and since Prisma 7 the `datasource` of prisma.config.ts, which took the place of the
// addresses in the schema. A relative file: address is relative to whichever of the two holds it.
import path from 'node:path';
import { valueOf, withoutComments, type Written } from './source-text.ts';

export interface PrismaDatasource {
  readonly provider: string;
  readonly url: Written | undefined;
  readonly directUrl: Written | undefined;
}

/** undefined: the file has no datasource (one of several files of a schema). */
export function readPrismaSchema(text: string): PrismaDatasource | undefined {
  const block = /(?:^|\n)[ \t]*datasource[ \t]+\w+\s*\{([\s\S]*?)\n[ \t]*\}/.exec(
    withoutComments(text),
  )?.[1];
  if (block === undefined) return undefined;
  const provider = valueOf(block, 'provider');
  return {
    provider: provider !== undefined && 'literal' in provider ? provider.literal : 'unknown',
    url: valueOf(block, 'url'),
    directUrl: valueOf(block, 'directUrl'),
  };
}

export interface PrismaConfig {
  /** Directory or file of the schema, as written. */
  readonly schema: string | undefined;
  readonly url: Written | undefined;
  readonly directUrl: Written | undefined;
}

export function readPrismaConfig(text: string): PrismaConfig {
  const source = withoutComments(text);
  const schema = valueOf(source, 'schema');
  const block = /\bdatasource\s*:\s*\{([\s\S]*?)\}/.exec(source)?.[1] ?? '';
  const literal = schema !== undefined && 'literal' in schema ? schema.literal : undefined;
  // `schema: path.join('prisma', 'schema.prisma')` is common too.
  const joined = /\bschema\s*:\s*(?:path\.)?join\(([^)]*)\)/.exec(source)?.[1];
  const parts = [...(joined ?? '').matchAll(/["']([^"']*)["']/g)].map(([, part = '']) => part);
  return {
    schema: literal ?? (parts.length > 0 ? path.posix.join(...parts) : undefined),
    url: valueOf(block, 'url'),
    directUrl: valueOf(block, 'directUrl'),
  };
}

/** The configuration that a schema belongs to: the nearest one from its directory upwards. */
export function configOfSchema(schema: string, configs: readonly string[]): string | undefined {
  for (let at = path.posix.dirname(schema); ; at = path.posix.dirname(at)) {
    const found = configs.find((config) => path.posix.dirname(config) === at);
    if (found !== undefined || at === '.') return found;
  }
}
