-- psql "$DATABASE_URL" -v lock_key="$STILLPOINT_LOCK_KEY" -v ON_ERROR_STOP=1 -f write.sql
CREATE TABLE IF NOT EXISTS psql_entry (written timestamptz);

BEGIN;
SELECT pg_advisory_xact_lock_shared(:lock_key);
INSERT INTO psql_entry VALUES (clock_timestamp());
COMMIT;
