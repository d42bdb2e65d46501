// Types of find-built.js, for the build and its test.
export const SOURCES_NAME: string;
export const SOURCE_ENTRY: string;
export function findBuilt(directory?: string): string | undefined;
export function listSources(): string;
