export {
  type Ledger,
  type LedgerEntry,
  type Migration,
  type MigrationDirectory,
} from './contract.ts';
import type { Ledger } from './contract.ts';
import { drizzle } from './drizzle.ts';
import { knex } from './knex.ts';
import { own } from './own.ts';
import { prisma } from './prisma.ts';

/** Every ledger that the gate can read. */
export const ledgers: readonly Ledger[] = [prisma, drizzle, knex, own];
