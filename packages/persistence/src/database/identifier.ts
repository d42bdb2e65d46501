// Names in SQL. Text is never put into SQL but through these, and a name that Postgres would cut short is none: two long names
// that begin alike would become one table.

/** A name in Postgres ends here, in bytes. */
export const NAME_BYTES = 63;

/** `"name"`, or `"schema"."table"` for several names. Throws a TypeError for what cannot be a name. */
export function identifier(...names: readonly string[]): string {
  if (names.length === 0) throw new TypeError('a name is missing');
  return names.map(quoted).join('.');
}

/** 'queue.job' from the catalog, as a quoted name. The first dot ends the schema. */
export function qualified(name: string): string {
  const dot = name.indexOf('.');
  if (dot < 1) throw new TypeError(`"${name}" has no schema`);
  return identifier(name.slice(0, dot), name.slice(dot + 1));
}

/** For the few statements that take no parameters. Standard-conforming, whatever the server's setting says. */
export function literal(text: string): string {
  if (text.includes('\0')) throw new TypeError('text with a zero byte has no place in Postgres');
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

function quoted(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new TypeError(`${JSON.stringify(name)} is not a name`);
  if (Buffer.byteLength(name) > NAME_BYTES)
    throw new TypeError(`the name "${name}" is longer than ${NAME_BYTES} bytes`);
  return `"${name.replaceAll('"', '""')}"`;
}
