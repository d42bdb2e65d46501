// The door of migrations.
export * from './contract.ts';
export { ownerOfStatement } from './owner-of-statement.ts';
export { planMigration } from './plan.ts';
