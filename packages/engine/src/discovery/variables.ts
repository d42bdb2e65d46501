// Variables that hold the address of a database: of the environment, and of the .env files of the project and its packages.
import path from 'node:path';
import { readEnvironmentFile, type Variables } from '../config/index.ts';
import { readDatabaseAddress, type Address } from './addresses.ts';

export interface AddressVariable {
  readonly env: string;
  /** Relative to the project; undefined: only in the environment. */
  readonly file?: string;
  /** Directory of the file, '.' for the environment: variables that lie together belong together. */
  readonly scope: string;
  readonly address: Address;
  /** For what has no scheme of its own; never shown. */
  readonly value: string;
  /** The environment has it too, and wins. */
  readonly overridden: boolean;
}

/** What tools call them: DATABASE_URL, SHOP_DATABASE_URL, POSTGRES_PRISMA_URL, DIRECT_URL, DB_FILE_NAME, ... */
const names =
  /^(?:\w+_)?(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|PRISMA|DIRECT|SQLITE)_(?:\w+_)?(?:URL|URI|FILE_NAME)(?:_(?:UNPOOLED|NON_POOLING|DIRECT|NO_SSL))?$/;
/** A throwaway of Prisma's, and what `stillpoint exec` sets itself. */
const never = /SHADOW|^STILLPOINT_/;

/** Of two files in one directory the earlier one counts, as in Vite, Next and dotenv-flow. */
const precedence = ['.env.development.local', '.env.local', '.env.development', '.env'];

/** `named`: variables that a schema reads, whatever they are called. */
export async function readVariables(
  directory: string,
  files: readonly string[],
  environment: Variables,
  named: ReadonlySet<string>,
): Promise<readonly AddressVariable[]> {
  const isOne = (env: string): boolean =>
    /^[A-Za-z_]\w{0,99}$/.test(env) && (named.has(env) || (names.test(env) && !never.test(env)));
  const found: AddressVariable[] = [];
  const seen = new Set<string>();
  const sorted = files.toSorted((one, other) => rank(one) - rank(other));
  for (const file of sorted) {
    const scope = path.posix.dirname(file);
    const values = (await readEnvironmentFile(path.join(directory, file), environment)) ?? {};
    for (const [env, written] of Object.entries(values)) {
      const value = environment[env] ?? written ?? '';
      if (!isOne(env) || value === '' || seen.has(`${scope} ${env}`)) continue;
      seen.add(`${scope} ${env}`);
      const overridden = environment[env] !== undefined && environment[env] !== written;
      found.push({ env, file, scope, value, address: readDatabaseAddress(value), overridden });
    }
  }
  for (const [env, value = ''] of Object.entries(environment)) {
    if (!isOne(env) || value === '' || found.some((one) => one.env === env)) continue;
    const address = readDatabaseAddress(value);
    found.push({ env, scope: '.', value, address, overridden: false });
  }
  return found.toSorted(
    (one, other) => one.scope.localeCompare(other.scope) || byImportance(one, other),
  );
}

function rank(file: string): number {
  return precedence.indexOf(path.posix.basename(file));
}

function byImportance(one: AddressVariable, other: AddressVariable): number {
  return importance(one.env) - importance(other.env) || (one.env < other.env ? -1 : 1);
}

function importance(env: string): number {
  if (isDirect(env)) return 3;
  if (env === 'DATABASE_URL') return 0;
  return env.endsWith('DATABASE_URL') ? 1 : 2;
}

/** A way past the pooler, by its name. */
export function isDirect(env: string): boolean {
  return /(^|_)DIRECT_|_DIRECT$|_UNPOOLED$|_NON_POOLING$/.test(env);
}

export function isForTests(env: string): boolean {
  return /(^|_)(TEST|TESTS|TESTING|CI|E2E)(_|$)/.test(env);
}

/** Which variable a direct one is the way around of: DIRECT_URL of DATABASE_URL, X_URL_NON_POOLING of X_URL. */
export function pooledNames(direct: string): readonly string[] {
  const plain = direct.replace(/(^|_)DIRECT_/, '$1').replace(/_(DIRECT|UNPOOLED|NON_POOLING)$/, '');
  return plain === 'URL' ? ['DATABASE_URL'] : [plain, plain.replace(/(^|_)URL$/, '$1DATABASE_URL')];
}
