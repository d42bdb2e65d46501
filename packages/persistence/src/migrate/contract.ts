// The seam between planning a migration and applying it.
//
// THE LAW.
//  1. A plan is made from two descriptions, the one that the ledger has and the one of the federation that is here. It asks no
//     database, and the same two give the same plan, byte for byte.
//  2. Nothing is guessed. A rename is declared, or it is a loss that was accepted by name, or planning ends with the question.
//  3. What belongs to an extension that is not here stays as it is, unless its owner is named in `uninstalled`.
//  4. `down` undoes `up`: afterwards the schema is as before. Rows that `up` lost do not come back; `downLosses` says what `down` loses.
//  5. Statements run one by one, in order, in one transaction, with search_path = public: the names of tables of public are not qualified.
//  6. Names of entities are as in the database: what the models leave open is spelled out in the snapshot.
import type { Federation } from '../registry/contract.ts';

/** One entity as the kit describes it: a flat row of JSON. Its kind is in entityType. */
export interface Entity {
  readonly entityType: string;
  readonly schema?: string;
  readonly table?: string;
  readonly name: string;
  readonly [property: string]: unknown;
}

/** The schema of a whole federation, as plain JSON. What is stored with a migration, and what the next one is planned from. */
export interface FederationSnapshot {
  readonly format: 1;
  /** The version of the kit's description of entities. */
  readonly version: string;
  /** In a fixed order, so that equal schemas are equal bytes. */
  readonly entities: readonly Entity[];
  /** Who owns `schema notes`, `table public.notes`, `enum public.mood`; what is part of a table has the table's owner. */
  readonly owners: Readonly<Record<string, string>>;
}

export type LossKind =
  /** A table or a column, and what is in it. */
  | 'drop'
  /** Another type: values are cast, and may not fit. */
  | 'type'
  /** Rows without a value make the migration fail. */
  | 'not-null'
  /** Values that are no longer allowed, or their order. */
  | 'enum'
  /** A table, enum or schema passes to another extension. */
  | 'owner';

/** What a migration does that may cost data, or not succeed on the data that is there. Needs a yes by its name. */
export interface Loss {
  /** `drop public.notes.title`: what is given in `accept`. */
  readonly name: string;
  readonly kind: LossKind;
  readonly owner: string;
  /** A sentence for a person. */
  readonly what: string;
  readonly accepted: boolean;
}

/** What stays although its extension is not here: `table public.notes` of `notes`. */
export interface Kept {
  readonly entity: string;
  readonly owner: string;
}

/** Names of losses that were said yes to. One that does not occur is no error: it was accepted before it was asked. */
export type Accept = readonly string[];

export interface PlanOptions {
  /** Undefined: nothing was ever applied. */
  readonly previous: FederationSnapshot | undefined;
  readonly federation: Federation;
  /** What happens with the tables of extensions that are not here. */
  readonly uninstalled?: 'keep' | { readonly drop: readonly string[] };
  readonly accept?: Accept;
  readonly signal?: AbortSignal;
}

export interface Plan {
  /** Empty: nothing to do in the database. `next` may differ all the same (an owner changed). */
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly next: FederationSnapshot;
  /** Planning does not refuse them: whoever applies does. */
  readonly losses: readonly Loss[];
  /** What `down` would need a yes for. */
  readonly downLosses: readonly Loss[];
  readonly kept: readonly Kept[];
  /** For a file's name: `add_public_notes`, `alter_3_tables`. Lower case letters, digits and _. */
  readonly words: string;
}

/** A migration as it is kept: in its file, and in the ledger's row. */
export interface StoredMigration {
  /** `20261122T101500_add_public_notes`: the file's name without its ending. */
  readonly name: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly snapshot: FederationSnapshot;
  readonly losses: readonly Loss[];
  readonly downLosses: readonly Loss[];
}
