export { jsonb, jsonbOf, jsonbParameter, jsonbText, type JsonbColumn } from './column.ts';
export { copyRows, type CopyColumn, type CopyRow, type CopyTarget } from './copy-rows.ts';
export type { CopyType, ScalarType } from './copy-types.ts';
export {
  encodeJson,
  JSONB_BYTES,
  JsonBytes,
  jsonBytes,
  type JsonBytesOptions,
} from './json-bytes.ts';
export { readJsonBytes, readRaw, type RawRow } from './read-raw.ts';
export { refusedJson } from './refused-json.ts';
