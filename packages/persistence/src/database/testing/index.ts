export {
  ADMINISTRATOR,
  OWNER,
  PASSWORD,
  serverKinds,
  whyNot,
  type ServerKind,
} from './programs.ts';
export { endLite, liteOfTests } from './lite.ts';
export { startServer, type StartOptions, type TestServer } from './server.ts';
export { until } from './until.ts';
export { openTestDatabase, serverOfTests, type TestDatabase } from './test-database.ts';
