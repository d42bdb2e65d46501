// The chambers: schemas with rights, storage and autovacuum of their own, and the parts that fill them.
//
// THE LAW.
//  1. A part is versions: step n brings version n to n + 1, once, in the transaction that writes the version down. SQL that was
//     released is never changed; a later step mends an earlier one.
//  2. What a part expects is a fact that the server's catalog tells. settleChambers() makes it so, as often as it is called;
//     checkChambers() reads it back and changes nothing.
//  3. Rights are granted to one group role, the application's. The role that migrates owns everything, and is not the application.
//  4. The application may do what a part says, and nothing else: on a table that no part speaks of, what its chamber allows.
//  5. Text that is put into SQL comes from parts and from the server's catalog, names by identifier(); never from callers.
import type { ServerFacts } from '../database/contract.ts';

export type ChamberName = 'public' | 'vectors' | 'traces' | 'queue' | 'verbatim';

/** What a part needs to know to write its SQL. */
export interface ChamberFacts extends ServerFacts {
  /** The application's role, quoted: `GRANT SELECT ON ... TO ${facts.appRole}`. Owner's statements need it rarely: see `grants`. */
  readonly appRole: string;
}

export interface ChamberPart {
  readonly name: string;
  readonly schema: ChamberName;
  /** Step n brings version n to n + 1; its statements are run one by one (each may hold several, without values). */
  readonly steps: readonly ((facts: ChamberFacts) => readonly string[])[];
  /** Idempotent, after every migration. Only for what no expectation says: settling makes those true by itself. */
  readonly settle?: (facts: ChamberFacts) => readonly string[];
  /** What settling makes so, and doctor reads back from the catalog. */
  readonly expects: readonly Expectation[];
}

export type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/**
 * `table` is qualified, as it stands in the catalog: 'queue.job_common'. A partitioned table speaks for all its leaves, also
 * those that come later; 'queue.*' for every table of the schema.
 */
export type Expectation =
  /** The application has exactly these, and PUBLIC has none. Without one: all four, in verbatim SELECT and INSERT. */
  | {
      readonly kind: 'grants';
      readonly table: string;
      readonly privileges: readonly Privilege[];
    }
  /** `WITH (...)`: fillfactor, autovacuum_*, toast.autovacuum_*. */
  | {
      readonly kind: 'parameters';
      readonly table: string;
      readonly parameters: Readonly<Record<string, string | number | boolean>>;
    }
  /** 'document': lz4 where the server has it, else EXTERNAL. For rows that are written from now on. */
  | {
      readonly kind: 'storage';
      readonly table: string;
      readonly column: string;
      readonly storage: 'plain' | 'main' | 'external' | 'extended' | 'document';
    }
  /** There, on each of the tables, enabled. `definition`: from BEFORE or AFTER on: 'BEFORE UPDATE ON % FOR EACH ROW EXECUTE FUNCTION f()'. */
  | {
      readonly kind: 'trigger';
      readonly table: string;
      readonly trigger: string;
      /** `%` stands for the table. */
      readonly definition: string;
      /** 'always': also while a session replicates. */
      readonly enabled?: 'origin' | 'always';
    };

export interface ChamberFinding {
  /** 'verbatim: grants of verbatim.facts' */
  readonly about: string;
  readonly severity: 'warn' | 'fail';
  /** What the catalog says, and what it should. */
  readonly text: string;
  /** The SQL that mends it, by whoever owns it; undefined: settling cannot. */
  readonly mend: string | undefined;
}

export interface ChamberOptions {
  /** The application's role; `<database>_app` unless told. */
  readonly appRole?: string;
}
