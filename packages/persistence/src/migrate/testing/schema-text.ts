// A schema as the server's catalog tells it, for comparing two moments. Columns are sorted: Postgres appends one that comes back.
import type { Queryable } from '../../database/contract.ts';

const questions = [
  `SELECT 'schema ' || nspname AS line FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`,
  `SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
     || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS line
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`,
  `SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS line
   FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^pg_|^information_schema$' AND conrelid <> 0 AND contype <> 'n'`,
  `SELECT 'index ' || indexdef AS line FROM pg_indexes WHERE schemaname !~ '^pg_'`,
  `SELECT 'enum ' || t.oid::regtype || ' ' || string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) AS line
   FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.oid`,
];

export async function schemaText(queryable: Queryable): Promise<string> {
  const lines: string[] = [];
  for (const question of questions) {
    const { rows } = await queryable.query<{ line: string }>(question);
    lines.push(...rows.map(({ line }) => line).toSorted());
  }
  return lines.join('\n');
}
