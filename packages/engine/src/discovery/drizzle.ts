// Drizzle: drizzle.config.ts, .js or .json, read as text: running it could do anything.
import { valueOf, withoutComments, type Written } from './source-text.ts';

export interface DrizzleConfig {
  /** 'postgresql', 'sqlite', 'turso', 'mysql', ... */
  readonly dialect: string;
  readonly url: Written | undefined;
  /** Host, port and database are given one by one. */
  readonly inParts: boolean;
  /** Directory of its migrations, as written. */
  readonly out: string;
}

export function readDrizzleConfig(text: string): DrizzleConfig {
  const source = withoutComments(text);
  const credentials = /\bdbCredentials["']?\s*:\s*\{([\s\S]*?)\}/.exec(source)?.[1] ?? '';
  const url = valueOf(credentials, 'url') ?? valueOf(credentials, 'connectionString');
  return {
    dialect: literalOf(valueOf(source, 'dialect') ?? valueOf(source, 'driver')) ?? 'unknown',
    url,
    inParts: url === undefined && /\b(host|database|user)\b["']?\s*:/.test(credentials),
    out: literalOf(valueOf(source, 'out')) ?? './drizzle',
  };
}

function literalOf(written: Written | undefined): string | undefined {
  return written !== undefined && 'literal' in written ? written.literal : undefined;
}
