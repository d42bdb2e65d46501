export type * from './contract.ts';
export { createSpanExporter } from './exporter.ts';
export { tracesPart } from './part.ts';
export { createTraceQueries } from './query.ts';
export { createTraces } from './traces.ts';
