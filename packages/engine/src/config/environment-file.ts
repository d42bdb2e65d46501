// What a .env file says: read as Node and dotenv read it, then ${NAME} replaced as dotenv-expand does. Both the address of a
// source and the search for one come from here, so that what `init` finds is what a snapshot uses.
import { readFile, stat } from 'node:fs/promises';
import { parseEnv } from 'node:util';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Anything larger is no file of settings. */
const longestBytes = 1024 * 1024;
/** Put into one value, nested ones included: a file can be written so that each line doubles the one before. */
const mostCharacters = 65_536;

/** undefined: there is no such file, or it cannot be read. `surroundings` win over what the file says, as everywhere. */
export async function readEnvironmentFile(
  file: string,
  surroundings: Variables,
): Promise<Variables | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size > longestBytes) return undefined;
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : readEnvironment(text, surroundings);
}

export function readEnvironment(text: string, surroundings: Variables = {}): Variables {
  const parsed: Record<string, string | undefined> = Object.assign(
    Object.create(null),
    parseEnv(text),
  );
  const lookUp = (name: string): string | undefined => surroundings[name] ?? parsed[name];
  return Object.fromEntries(
    Object.entries(parsed).map(([name, value]) => [name, expand(value ?? '', lookUp, [name])]),
  );
}

/**
 * `${NAME}`, `${NAME:-default}`, `${NAME-default}`; `\${` is a plain `${`. What nobody sets stays as it is written: an
 * address with a hole in it could be that of another server.
 */
export function expand(
  text: string,
  lookUp: (name: string) => string | undefined,
  within: readonly string[] = [],
  budget = { left: mostCharacters },
): string {
  return text.replaceAll(
    /(\\?)\$\{([A-Za-z_]\w*)(?::?-([^}]{0,1000}))?\}/g,
    (whole, escaped: string, name: string, otherwise?: string) => {
      if (escaped !== '') return whole.slice(1);
      if (within.includes(name)) return whole;
      const value = lookUp(name);
      if (value === undefined || value === '') return otherwise ?? whole;
      budget.left -= value.length + 1;
      if (budget.left < 0) return whole;
      return expand(value, lookUp, [...within, name], budget);
    },
  );
}
