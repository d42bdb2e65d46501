export { copyRows, type CopyColumn, type CopyRow, type CopyTarget } from './copy-rows.ts';
export type { CopyType, ScalarType } from './copy-types.ts';
export {
  encodeJson,
  JSONB_BYTES,
  JsonBytes,
  jsonBytes,
  type JsonBytesOptions,
} from './json-bytes.ts';
