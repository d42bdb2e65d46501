// The tables of sweeps, beside the jobs that they are made of. No part of the library's own: a daemon has no sweeps. Who runs the first one
// in a database sets them up.
import type { ChamberPart } from '../chambers/contract.ts';

export const sweepsPart: ChamberPart = {
  name: 'sweeps',
  schema: 'queue',
  steps: [
    () => [
      `CREATE TABLE queue.sweep (
         id text PRIMARY KEY,
         agreed jsonb NOT NULL,
         plan_digest text NOT NULL,
         created_at timestamptz NOT NULL DEFAULT clock_timestamp()
       )`,
      `CREATE TABLE queue.sweep_run (
         sweep text NOT NULL REFERENCES queue.sweep (id),
         index int NOT NULL CHECK (index >= 0),
         parameters jsonb NOT NULL,
         job uuid NOT NULL,
         tick bigint,
         state_hash text,
         error text,
         finished_at timestamptz,
         PRIMARY KEY (sweep, index),
         CHECK ((finished_at IS NULL) = (state_hash IS NULL AND error IS NULL)),
         CHECK ((tick IS NULL) = (state_hash IS NULL))
       )`,
    ],
  ],
  expects: [],
};
