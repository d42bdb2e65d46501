// The door of migrations.
export * from './applying.ts';
export * from './contract.ts';
export { migrationsPart } from './ledger.ts';
export { findDrift, migrationStatus, type DriftOptions, type StatusOptions } from './look.ts';
export { migrate } from './migrate.ts';
export { ownerOfStatement } from './owner-of-statement.ts';
export { planMigration } from './plan.ts';
export { rollback } from './rollback.ts';
