// Compose files: which services are a Postgres, on which port of this machine, and under which names. Not a reader of YAML but
// of the few lines that matter, in the two ways in which people write them; what it does not understand it leaves out.
import { expand } from '../config/index.ts';

export interface ComposePostgres {
  readonly service: string;
  readonly image: string;
  /** Of this machine; undefined: not published. */
  readonly port: number | undefined;
  readonly user: string;
  readonly database: string;
}

interface Line {
  readonly indent: number;
  readonly text: string;
}

const postgresImage =
  /(^|\/)(postgres|postgresql|postgis|pgvector|timescaledb(-ha)?|supabase\/postgres|alpine-postgres)(:|@|$)|^pgvector\//;

export function readComposeFile(
  text: string,
  lookUp: (name: string) => string | undefined,
): readonly ComposePostgres[] {
  const lines = text.split(/\r?\n/).flatMap((line): Line[] => {
    const bare = line.replace(/(^|\s)#.*$/, '').trimEnd();
    const content = bare.trimStart();
    // A list may stand at the height of its key: half a step further in, it belongs to it.
    const indent = bare.length - content.length + (content.startsWith('-') ? 0.5 : 0);
    return content === '' ? [] : [{ indent, text: expand(content, lookUp) }];
  });
  return [...below(lines, 'services')].flatMap(([service, own]) => {
    const image = valueIn(own, 'image');
    if (image === undefined || !postgresImage.test(image)) return [];
    const environment = readEnvironmentOf(own);
    const user =
      environment.get('POSTGRES_USER') ?? environment.get('POSTGRESQL_USERNAME') ?? 'postgres';
    const database =
      environment.get('POSTGRES_DB') ?? environment.get('POSTGRESQL_DATABASE') ?? user;
    return [{ service, image, port: publishedPort(own), user, database }];
  });
}

/** The keys right below `key`, each with the lines that belong to it. */
function below(lines: readonly Line[], key: string): ReadonlyMap<string, readonly Line[]> {
  const found = new Map<string, Line[]>();
  const inside = linesOf(lines, key);
  const indent = inside[0]?.indent;
  let current: Line[] | undefined;
  for (const line of inside) {
    const name = /^["']?([\w.-]+)["']?\s*:/.exec(line.text)?.[1];
    if (line.indent === indent && name !== undefined) found.set(name, (current = []));
    else current?.push(line);
  }
  return found;
}

/** The lines further in than the first `key:`. */
function linesOf(lines: readonly Line[], key: string): readonly Line[] {
  const at = lines.findIndex(({ text }) => new RegExp(`^["']?${key}["']?\\s*:\\s*$`).test(text));
  const start = lines[at];
  if (start === undefined) return [];
  const rest = lines.slice(at + 1);
  const end = rest.findIndex(({ indent }) => indent <= start.indent);
  return end < 0 ? rest : rest.slice(0, end);
}

function valueIn(lines: readonly Line[], key: string): string | undefined {
  for (const { text } of lines) {
    const value = new RegExp(`^["']?${key}["']?\\s*:\\s*(.+)$`).exec(text)?.[1];
    if (value !== undefined) return unquoted(value);
  }
  return undefined;
}

/** `NAME: value` or `- NAME=value`. */
function readEnvironmentOf(lines: readonly Line[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { text } of linesOf(lines, 'environment')) {
    const match = /^(?:-\s*)?["']?([A-Za-z_]\w*)["']?\s*[:=]\s*["']?(.*?)["']?$/.exec(text);
    if (match !== null) found.set(match[1] ?? '', match[2] ?? '');
  }
  return found;
}

/** `- "5433:5432"`, `- 127.0.0.1:5433:5432`, or `target: 5432` with `published: 5433`. */
function publishedPort(lines: readonly Line[]): number | undefined {
  const inline = /^\[(.*)\]$/.exec(valueIn(lines, 'ports') ?? '')?.[1]?.split(',') ?? [];
  const ports = linesOf(lines, 'ports');
  for (const entry of [...inline, ...ports.map(({ text }) => text.replace(/^-\s*/, ''))]) {
    const match = /(?:^|:)(\d{1,5}):5432(?:\/tcp)?$/.exec(unquoted(entry.trim()));
    if (match !== null) return Number(match[1]);
  }
  const long = ports.map(({ text }) => ({ indent: 0, text: text.replace(/^-\s*/, '') }));
  const published = Number(valueIn(long, 'published'));
  return valueIn(long, 'target') === '5432' && Number.isInteger(published) ? published : undefined;
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text.trim())?.[2] ?? text.trim();
}
