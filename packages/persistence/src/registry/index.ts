// The door of the registry.
export { uuidBase } from './base.ts';
export { described, refuseCollisions, type Claim } from './collisions.ts';
export * from './contract.ts';
export { extensions, settings, users } from './core-models.ts';
export { defineExtension } from './define.ts';
export type { FoundExtension } from './discover.ts';
export { loadExtensions, loadFederation, type LoadFederationOptions } from './load.ts';
export { registryPart } from './part.ts';
export { recordExtensions, unseededExtensions } from './record.ts';
export { refuseClosedSchemas, schemaClaims } from './schemas.ts';
export { settingsOf, type Settings } from './settings.ts';
