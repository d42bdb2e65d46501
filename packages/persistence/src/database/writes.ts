// Whether a statement that stands alone changes rows. Then it is a transaction like any other, and holds still for a snapshot; who writes
// `database.drizzle.insert(...)` need not know that there is a freeze.

/** Taken for one that writes although it reads, a statement waits for a freeze to end; nothing worse. */
export function writesRows(text: string): boolean {
  const statement = text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/|\()+/, '');
  if (/^(insert|update|delete|merge|truncate)\b/i.test(statement)) return true;
  // The part that writes may stand anywhere after WITH.
  return (
    /^(with|explain)\b/i.test(statement) &&
    /\b(insert\s+into|update|delete\s+from|merge\s+into)\b/i.test(statement)
  );
}
