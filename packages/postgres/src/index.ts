// The explicit public list of @stillpoint/postgres.
export {
  clientConfig,
  flawOf,
  parseAddress,
  placeOf,
  urlOf,
  type ServerAddress,
} from './address.ts';
