// Three parts of the tests: a table of models, partitions that a queue makes by itself, and facts that nobody may change.
import type { ChamberPart } from '../contract.ts';
import { touchTrigger } from '../index.ts';

export const notes: ChamberPart = {
  name: 'notes',
  schema: 'public',
  steps: [
    () => [
      `CREATE TABLE public.notes (id uuid PRIMARY KEY DEFAULT stillpoint.uuidv7(), text text, body jsonb,
        updated timestamptz NOT NULL DEFAULT now(), version int NOT NULL DEFAULT 1)`,
      'CREATE TABLE public.counted (n serial PRIMARY KEY)',
    ],
  ],
  expects: [
    touchTrigger('public.notes'),
    { kind: 'storage', table: 'public.notes', column: 'body', storage: 'document' },
    { kind: 'storage', table: 'public.notes', column: 'text', storage: 'main' },
  ],
};

export const jobs: ChamberPart = {
  name: 'jobs',
  schema: 'queue',
  steps: [
    () => [
      'CREATE TABLE queue.job (name text NOT NULL, data jsonb) PARTITION BY LIST (name)',
      'CREATE TABLE queue.job_common PARTITION OF queue.job DEFAULT',
    ],
  ],
  expects: [
    { kind: 'grants', table: 'queue.job', privileges: ['SELECT', 'INSERT', 'UPDATE'] },
    { kind: 'parameters', table: 'queue.job', parameters: { fillfactor: 60 } },
    { kind: 'storage', table: 'queue.job', column: 'data', storage: 'external' },
  ],
};

export const facts: ChamberPart = {
  name: 'facts',
  schema: 'verbatim',
  steps: [
    () => [
      'CREATE TABLE verbatim.facts (key text)',
      `CREATE FUNCTION verbatim.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'facts stay'; END$$`,
    ],
  ],
  expects: [
    { kind: 'grants', table: 'verbatim.facts', privileges: ['SELECT', 'INSERT'] },
    {
      kind: 'trigger',
      table: 'verbatim.facts',
      trigger: 'Facts stay',
      definition:
        'BEFORE UPDATE OR DELETE OR TRUNCATE ON % FOR EACH STATEMENT EXECUTE FUNCTION verbatim.refuse()',
      enabled: 'always',
    },
  ],
};

export const parts = [notes, jobs, facts];
