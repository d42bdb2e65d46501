// One capture: begin() refuses what cannot work and opens the marker, the mark is taken in the freeze, capture() holds the
// tables, lets pg_dump read them as they were at the mark, and writes the record.
import type { BeginOptions, Captured, CaptureSession } from '../../contract.ts';
import { checkSource, type Checked } from './check.ts';
import { dump } from './dump.ts';
import { openMarker, type Marked, type Marker } from './mark.ts';
import type { PostgresByUrlOptions } from './options.ts';
import { writeListing, type UrlRecord } from './record.ts';
import type { UrlServer } from './server.ts';

export const STRATEGY = 'pg_dump';

export interface CaptureContext {
  readonly server: UrlServer;
  readonly options: PostgresByUrlOptions;
}

export async function beginCapture(
  context: CaptureContext,
  begin: BeginOptions,
): Promise<CaptureSession> {
  const { server, options } = context;
  const checked = await checkSource(server, options, begin.signal);
  const marker = await openMarker(server, begin.signal);
  let marked: Marked | undefined;
  return {
    async mark(freezeSignal) {
      marked = await marker.mark(freezeSignal);
    },
    async capture() {
      if (marked === undefined) throw new TypeError('capture() before mark()');
      const captured = await captureMarked(context, begin, { checked, marker, marked });
      // The locks keep ALTER TABLE waiting, and a restore waits for every session to end.
      await marker[Symbol.asyncDispose]();
      return captured;
    },
    [Symbol.asyncDispose]: () => marker[Symbol.asyncDispose](),
  };
}

async function captureMarked(
  { server, options }: CaptureContext,
  { sink, signal, progress }: BeginOptions,
  session: { readonly checked: Checked; readonly marker: Marker; readonly marked: Marked },
): Promise<Captured> {
  const { checked, marker, marked } = session;
  const held = await marker.hold();
  progress({ type: 'phase:started', phase: 'dump', detail: options.name });
  const dumped = await dump({
    address: await server.address(),
    password: marker.password,
    checked,
    exported: marked.exported,
    tables: held.tables,
    cacheDirectory: options.cacheDirectory,
    sink,
    signal,
    onBytes: (doneBytes) => progress({ type: 'bytes:advanced', phase: 'dump', doneBytes }),
  });
  const schema = await marker.schema();
  if (schema === undefined) {
    const text = `The schema of ${options.name} was changed while it was dumped: every row is that of the moment, but definitions of views and functions may be newer.`;
    progress({ type: 'note:said', level: 'warn', text });
  }
  const listing = await writeListing(sink, {
    files: dumped.files,
    tables: [...dumped.tables],
    sequences: [...marked.sequences],
    schema: (schema?.objects ?? []).map(([kind, name, part, definition]) => [
      kind,
      name,
      part,
      definition,
    ]),
  });
  const record: UrlRecord = {
    version: 1,
    database: held.database,
    server: { major: checked.serverMajor, versionString: checked.versionString },
    dumpedBy: { major: checked.programs.major, version: checked.programs.version },
    roles: held.roles,
    extensions: held.extensions,
    schemaDigest: schema?.digest ?? null,
    dumpBytes: dumped.bytes,
    listing: { ...listing },
  };
  return {
    record,
    strategy: STRATEGY,
    bytesTotal: dumped.bytes,
    ...(schema === undefined ? {} : { schemaDigest: schema.digest }),
  };
}
