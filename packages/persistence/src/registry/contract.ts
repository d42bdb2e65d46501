// What an extension says of itself, and what the registry makes of all of them: one federation of models.
//
// THE LAW.
//  1. A table has one owner: the extension that registered it, or 'core'. Two owners of one name are an error before anything is
//     generated, and it names both.
//  2. Registration ends with setup: whoever registers later gets MODEL_SETUP_CLOSED. A model has the columns of uuidBase.
//  3. The same extensions in whatever order give the same federation: extensions by name, tables by owner, schema and name.
//  4. Loading runs code of the extension's module and its setup(), nothing else. Both may run more than once and in another process
//     (the planner's), so they only describe.
//  5. An extension has tables in the chambers public and vectors, and in schemas of its own, which nobody shares.
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Transaction } from '../database/contract.ts';

/** `public.notes`, or `notes` for short. */
export type TableName = string;

/**
 * An entry of an extension's log of renames. The log is appended to and never edited: each entry speaks of the names that were
 * right at its time, so that a database of any age finds its way. `table` of a column is the table's name at that time. Two names are
 * exchanged in two migrations, by way of a third.
 */
export type Rename =
  | { readonly kind: 'table'; readonly from: TableName; readonly to: TableName }
  | { readonly kind: 'enum'; readonly from: string; readonly to: string }
  | { readonly kind: 'schema'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'column';
      readonly table: TableName;
      readonly from: string;
      readonly to: string;
    };

export interface SetupContext {
  /** The extension's name. */
  readonly owner: string;
  /** Until setup has ended; the same table twice is once. */
  registerModel(model: PgTable): void;
}

/** As `participants` of the project's configuration takes them. */
export type ExtensionParticipant = Readonly<Record<string, unknown>> & {
  readonly kind: string;
  readonly name: string;
};

export interface Extension {
  /** Lower case letters, digits, - and _; starts with a letter. 'core' is taken. */
  readonly name: string;
  readonly models?: readonly PgTable[];
  readonly renames?: readonly Rename[];
  /** First rows, in the transaction that creates the extension's tables for the first time. */
  readonly seed?: (transaction: Transaction) => Promise<void>;
  readonly participants?: readonly ExtensionParticipant[];
  readonly setup?: (context: SetupContext) => void | Promise<void>;
}

export interface RegisteredTable {
  readonly owner: string;
  readonly schema: string;
  readonly name: string;
  readonly model: PgTable;
}

export interface RegisteredExtension {
  readonly name: string;
  /** The module that was loaded; undefined: core's own. */
  readonly file: string | undefined;
  /** The member's, where it was found. */
  readonly directory: string | undefined;
  /** Of the package.json beside it. */
  readonly version: string | undefined;
  /** Of the member, if whoever loaded the federation knew it. */
  readonly commit: string | undefined;
  readonly renames: readonly Rename[];
  readonly seed: ((transaction: Transaction) => Promise<void>) | undefined;
  readonly participants: readonly ExtensionParticipant[];
}

export interface Federation {
  /** Core first, then by name. */
  readonly extensions: readonly RegisteredExtension[];
  readonly tables: readonly RegisteredTable[];
}

/** Where to look for an extension; a directory without one is no error. */
export interface MemberDirectory {
  readonly directory: string;
  readonly commit?: string;
}

/** The owner of what this library brings along. */
export const coreOwner = 'core';
