// One way to write documents, in a process of its own: what it costs of the processor is nobody else's. It is told how many
// documents to write, and answers what that took; the server's part is read from /proc where there is one.
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import postgres from 'postgres';
import { openDatabase } from '../../packages/persistence/src/database/index.ts';
import { copyRows, encodeJson, jsonBytes } from '../../packages/persistence/src/jsonb/index.ts';
import { documentOf, type Words } from './document.ts';

export type SideName =
  | 'bytes'
  | 'encoded'
  | 'string'
  | 'object'
  | 'double'
  | 'postgres.js'
  | 'copy'
  | 'single';

export interface SideTask {
  readonly side: SideName;
  readonly url: string;
  readonly sizeBytes: number;
  readonly words: Words;
}

/** Sums over all documents of a round. */
export interface Cost {
  readonly wallMs: number;
  readonly clientMs: number;
  /** undefined: there is no /proc. */
  readonly serverMs: number | undefined;
}

interface Side {
  readonly backend: number;
  write(count: number): Promise<void>;
}

const INSERT = 'INSERT INTO docs (doc) VALUES ($1)';
const TICK_MS = 10;

async function open({ side, url, sizeBytes, words }: SideTask): Promise<Side> {
  const value = documentOf(sizeBytes, words);
  const text = JSON.stringify(value);
  if (side === 'postgres.js') return await openPeer(url, value);
  if (side === 'copy' || side === 'single') return await openBulk(side, url, text);
  const bytes = Buffer.from(text);
  // As a serializer writes it that knows of the place for the version byte.
  const reserved = Buffer.from(` ${text}`);
  const make: Record<Exclude<SideName, 'postgres.js' | 'copy' | 'single'>, () => unknown> = {
    bytes: () => jsonBytes(reserved, { reserved: true }),
    encoded: () => encodeJson(value),
    string: () => text,
    object: () => value,
    double: () => JSON.parse(bytes.toString()),
  };
  if (side === 'bytes' || side === 'encoded') return await openOurs(url, make[side]);
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return {
    backend: rows[0]!.pid,
    async write(count) {
      for (let n = 0; n < count; n += 1) await client.query(INSERT, [make[side]()]);
    },
  };
}

/** By a connection of the library: one statement, as the peers send it. */
async function openOurs(url: string, make: () => unknown): Promise<Side> {
  const database = await openDatabase({ at: url, connections: 1 });
  const session = await database.session('bench');
  const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return {
    backend: rows[0]!.pid,
    async write(count) {
      for (let n = 0; n < count; n += 1) await session.query(INSERT, [make()]);
    },
  };
}

async function openPeer(url: string, value: object): Promise<Side> {
  const { username, password, pathname, port, searchParams } = new URL(url);
  const sql = postgres({
    host: searchParams.get('host') ?? '',
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    max: 1,
  });
  const [row] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  return {
    backend: row!.pid,
    async write(count) {
      for (let n = 0; n < count; n += 1)
        await sql`INSERT INTO docs (doc) VALUES (${sql.json(value as never)})`;
    },
  };
}

/** Many documents in one transaction of the library: by COPY, or one INSERT each. */
async function openBulk(side: 'copy' | 'single', url: string, text: string): Promise<Side> {
  const database = await openDatabase({ at: url, connections: 1 });
  const target = {
    schema: 'public',
    table: 'docs',
    columns: [{ name: 'doc', type: 'jsonb' }],
  } as const;
  const reserved = Buffer.from(` ${text}`);
  function* rows(count: number): Generator<readonly unknown[]> {
    for (let n = 0; n < count; n += 1) yield [jsonBytes(reserved, { reserved: true })];
  }
  const { rows: found } = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return {
    backend: found[0]!.pid,
    async write(count) {
      await database.transaction(async (transaction) => {
        if (side === 'copy') await copyRows(transaction, target, rows(count));
        else for (const row of rows(count)) await transaction.query(INSERT, row);
      });
    },
  };
}

/** utime and stime in proc_pid_stat(5), after the name in brackets. */
function serverMsOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

const side = await open(JSON.parse(process.argv[2] ?? '') as SideTask);

async function measure(count: number): Promise<Cost> {
  const server = serverMsOf(side.backend);
  const before = process.cpuUsage();
  const startedMs = performance.now();
  await side.write(count);
  const wallMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  const after = serverMsOf(side.backend);
  return {
    wallMs,
    clientMs: (user + system) / 1000,
    serverMs: server === undefined || after === undefined ? undefined : after - server,
  };
}

process.on('message', (count: number) => {
  // What fails ends the process, and the other side is told by that.
  void measure(count).then((cost) => process.send?.(cost));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
