// What a server is and has, asked once when it is opened.
import type { Queryable, ServerFacts } from './contract.ts';

const ASK = `
  SELECT current_setting('server_version_num')::int AS version, current_database() AS database,
    current_user::text AS role,
    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS superuser,
    coalesce((SELECT 'lz4' = ANY (enumvals) FROM pg_catalog.pg_settings
      WHERE name = 'default_toast_compression'), false) AS lz4`;

const ASK_EXTENSIONS = `
  SELECT name::text, default_version AS available, installed_version AS installed
  FROM pg_catalog.pg_available_extensions ORDER BY name`;

export async function probeFacts(
  server: Queryable,
  kind: ServerFacts['kind'],
): Promise<ServerFacts> {
  const { rows } =
    await server.query<Pick<ServerFacts, 'version' | 'database' | 'role' | 'superuser' | 'lz4'>>(
      ASK,
    );
  const found = rows[0]!;
  const extensions = await server.query<{
    readonly name: string;
    readonly available: string;
    readonly installed: string | null;
  }>(ASK_EXTENSIONS);
  return {
    kind,
    connections: kind === 'pglite' ? 'one' : 'many',
    version: found.version,
    database: found.database,
    role: found.role,
    superuser: found.superuser,
    lz4: found.lz4,
    extensions: new Map(
      extensions.rows.map(({ name, available, installed }) => [
        name,
        { available, installed: installed ?? undefined },
      ]),
    ),
  };
}
