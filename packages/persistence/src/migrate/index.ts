// The door of migrations.
export * from './contract.ts';
export { planMigration } from './plan.ts';
