// The tables of state documents. `state_runs` has one row for each run, whose lock puts savers in a row; `state_documents` one for
// each version, which is written once.
import type { ChamberPart } from '../chambers/contract.ts';

export const documentsPart: ChamberPart = {
  name: 'documents',
  schema: 'public',
  steps: [
    () => [
      `CREATE TABLE public.state_runs (
         run text PRIMARY KEY,
         version int NOT NULL CHECK (version > 0)
       )`,
      `CREATE TABLE public.state_documents (
         run text NOT NULL REFERENCES public.state_runs,
         version int NOT NULL,
         at timestamptz NOT NULL DEFAULT now(),
         digest text NOT NULL,
         size int NOT NULL,
         document jsonb,
         exact bytea,
         PRIMARY KEY (run, version),
         CHECK ((document IS NULL) <> (exact IS NULL))
       )`,
    ],
  ],
  expects: [
    { kind: 'grants', table: 'public.state_runs', privileges: ['SELECT', 'INSERT', 'UPDATE'] },
    // A version is never changed; compact() deletes.
    { kind: 'grants', table: 'public.state_documents', privileges: ['SELECT', 'INSERT', 'DELETE'] },
    { kind: 'storage', table: 'public.state_documents', column: 'document', storage: 'document' },
    { kind: 'storage', table: 'public.state_documents', column: 'exact', storage: 'document' },
    {
      // Updated with each save: room on the page lets the row stay there.
      kind: 'parameters',
      table: 'public.state_runs',
      parameters: { fillfactor: 70, autovacuum_vacuum_scale_factor: 0.02 },
    },
    {
      // Large rows, deleted by compact(): a fifth of such a table is much.
      kind: 'parameters',
      table: 'public.state_documents',
      parameters: {
        autovacuum_vacuum_scale_factor: 0.05,
        'toast.autovacuum_vacuum_scale_factor': 0.05,
      },
    },
  ],
};
