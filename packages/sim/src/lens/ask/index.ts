// The door of questions to a lens.
export type {
  AskOptions as LensAskOptions,
  LensAnswer,
  LensQuery,
  Region,
  Statistic,
  What,
  When,
} from './contract.ts';
export { pathBetween } from './path.ts';
export { directionsFrom, degreesOf } from './degrees.ts';
export { queryLens } from './query.ts';
export { isStatistic, statisticsOf } from './statistics.ts';
