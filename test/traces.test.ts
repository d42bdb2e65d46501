// The command that shows traces, on a database that a daemon's library wrote them to.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { context, SpanStatusCode, trace as api } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import {
  createTraces,
  installChambers,
  openDatabase,
  tracesPart,
} from '../packages/persistence/src/index.ts';
import { serverOfTests } from '../packages/persistence/src/database/testing/index.ts';
import { inProcess, type Ran } from '../packages/stillpoint/src/cli/testing/run.ts';

test('traces are listed, drawn, and found by name, duration and failure', async (t) => {
  const server = await serverOfTests();
  const url = await server.createDatabase();
  const cwd = await mkdtemp(path.join(tmpdir(), 'stillpoint-traces-'));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  const sources = { db: { driver: 'postgres', url } };
  await writeFile(path.join(cwd, 'stillpoint.config.json'), JSON.stringify({ sources }));
  const traces = async (...args: readonly string[]): Promise<Ran> =>
    await inProcess(['traces', ...args], { cwd, columns: 80, environment: { NO_COLOR: '1' } });

  assert.match((await traces()).stderr, /TRACE_NOT_INSTALLED/);
  const traceId = await writeTraces(url);

  const listed = await traces();
  assert.equal(listed.status, 0, listed.stderr);
  assert.match(listed.stdout, /^TRACE +SPAN +TOOK/);
  assert.match(listed.stdout, new RegExp(`^${traceId.slice(0, 12)} +request `, 'm'));
  assert.equal((await traces('list', '--limit', '1')).stdout.trim().split('\n').length, 2);
  const shown = await traces('show', traceId.slice(0, 16));
  assert.match(shown.stdout, /^ {2}request +█+ +\d/m);
  assert.match(shown.stdout, /^✗ └ query /m);
  assert.match(shown.stdout, /^✗ query: no such table$/m);
  assert.ok(!shown.stdout.includes('\u001b'), 'no colours');
  const { nodes } = JSON.parse((await traces('show', traceId, '--json')).stdout) as {
    readonly nodes: readonly {
      readonly depth: number;
      readonly span: { readonly startNs: string };
    }[];
  };
  assert.deepEqual(
    nodes.map(({ depth }) => depth),
    [0, 1],
  );
  assert.match(nodes[0]!.span.startNs, /^\d{19}$/);
  assert.match((await traces('errors', '--since', '365000d')).stdout, /✗ +query/);
  assert.match((await traces('slowest', '--name', 'query')).stdout, /query/);
  assert.match((await traces('names')).stdout, /^query +1 +1 /m);
  assert.match((await traces('show', 'ffffffff')).stderr, /TRACE_UNKNOWN/);
  assert.match((await traces('show', 'no')).stderr, /TRACE_ID_INVALID/);
  assert.match((await traces('--limit', '0')).stderr, /USAGE_INVALID/);
});

test('the beginning of an id that two traces have says which', async (t) => {
  const server = await serverOfTests();
  const url = await server.createDatabase();
  const cwd = await mkdtemp(path.join(tmpdir(), 'stillpoint-traces-'));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  const sources = { db: { driver: 'postgres', url } };
  await writeFile(path.join(cwd, 'stillpoint.config.json'), JSON.stringify({ sources }));
  await writeTraces(url);
  await using database = await openDatabase({ at: url });
  await database.query(
    `INSERT INTO traces.spans SELECT decode('abcd' || repeat(n::text, 28), 'hex'), span_id, parent_id, name, kind, start_ns,
       duration_ns, status, status_message, trace_state, service, scope, attributes, events, links, resource, cut
     FROM (SELECT * FROM traces.spans LIMIT 1) AS s, generate_series(1, 2) AS n`,
  );
  const ran = await inProcess(['traces', 'show', 'abcd'], { cwd });
  assert.match(ran.stderr, /TRACE_AMBIGUOUS: .*abcd1+, abcd2+\./);
});

/** A request whose query fails, as an application writes it. Resolves to its id. */
async function writeTraces(url: string): Promise<string> {
  await using database = await openDatabase({ at: url });
  await database.transaction((transaction) =>
    installChambers(transaction, [tracesPart], database.facts),
  );
  const traces = await createTraces(database);
  const provider = new BasicTracerProvider({ spanProcessors: [traces.processor] });
  const tracer = provider.getTracer('test');
  const root = tracer.startSpan('request');
  const query = tracer.startSpan('query', {}, api.setSpan(context.active(), root));
  query.setStatus({ code: SpanStatusCode.ERROR, message: 'no such table' });
  query.end();
  root.end();
  await provider.shutdown();
  return root.spanContext().traceId;
}
