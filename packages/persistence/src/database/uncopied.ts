// Large parameters that are bytes already go to the socket as they are. `pg` copies each into its message first: at some megabytes that
// copy, and the fresh pages for it, is most of what sending them costs.

/** A parameter that has it is bound in binary by these bytes. Nobody may change them until the statement is answered. */
export const uncopied = Symbol('stillpoint.uncopied');

/** Below it a copy costs less than a piece of its own. */
const LEAST_BYTES = 32 * 1024;

/** What `pg` gives its connection to bind. */
interface Binding {
  readonly portal?: string;
  readonly statement?: string | undefined;
  readonly binary?: boolean | undefined;
  readonly values?: readonly unknown[] | null;
  readonly valueMapper?: (value: unknown, at: number) => unknown;
}

/** Of the connection inside a client of `pg`: not in its types, and its version is pinned. */
export interface Binder {
  bind(binding: Binding): void;
  readonly stream: { readonly writable: boolean; write(bytes: Buffer): boolean };
}

export function bindUncopied(connection: Binder): void {
  const copying = connection.bind.bind(connection);
  connection.bind = (binding) => {
    if (binding.values?.some((value) => largeOf(value) !== undefined) !== true)
      return copying(binding);
    // All of it is made before any of it is sent: what cannot be bound is thrown, as by `pg`.
    const pieces = bindMessage(binding);
    // It is corked by the query: one message, and one call of the system for what fits.
    if (connection.stream.writable) for (const piece of pieces) connection.stream.write(piece);
  };
}

function largeOf(value: unknown): Buffer | undefined {
  if (typeof value !== 'object' || value === null || !(uncopied in value)) return undefined;
  const bytes = value[uncopied] as Buffer;
  return bytes.length < LEAST_BYTES ? undefined : bytes;
}

/** "Bind" of the protocol's message formats: formats of the values, the values, and text for all results unless `binary`. */
function bindMessage(binding: Binding): readonly Buffer[] {
  const { portal = '', statement = '', binary = false, values, valueMapper } = binding;
  const bound = (values ?? []).map((value, at) => {
    const large = largeOf(value);
    if (large !== undefined) return large;
    const mapped = valueMapper === undefined ? value : valueMapper(value, at);
    return mapped as Buffer | string | null | undefined;
  });
  const pieces = [
    Buffer.from(`${portal}\0${statement ?? ''}\0`),
    int16(bound.length, ...bound.map((value) => (Buffer.isBuffer(value) ? 1 : 0)), bound.length),
    ...bound.flatMap((value) => {
      if (value === null || value === undefined) return [int32(-1)];
      const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value);
      return [int32(bytes.length), bytes];
    }),
    int16(1, binary ? 1 : 0),
  ];
  const length = pieces.reduce((sum, piece) => sum + piece.length, 4);
  return [Buffer.from('B'), int32(length), ...pieces];
}

function int16(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}
