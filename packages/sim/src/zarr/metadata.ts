// `zarr.json` of groups and arrays.
import type { ZarrArray, ZarrType } from './contract.ts';

export const ELEMENT_BYTES: Readonly<Record<ZarrType, number>> = {
  float64: 8,
  float32: 4,
  int64: 8,
  int32: 4,
};

export function groupJson(attributes: Readonly<Record<string, unknown>>): string {
  return text({ zarr_format: 3, node_type: 'group', attributes });
}

export function arrayJson(array: ZarrArray): string {
  const { shape, type, shard, inner, dimensions, attributes } = array;
  const bytes = { name: 'bytes', configuration: { endian: 'little' } };
  return text({
    zarr_format: 3,
    node_type: 'array',
    shape,
    data_type: type,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: shard } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: type.startsWith('float') ? 'NaN' : 0,
    codecs: [
      {
        name: 'sharding_indexed',
        configuration: {
          chunk_shape: inner,
          codecs: [
            bytes,
            {
              name: 'blosc',
              configuration: {
                typesize: ELEMENT_BYTES[type],
                cname: 'zstd',
                clevel: 1,
                shuffle: 'shuffle',
                blocksize: 0,
              },
            },
            { name: 'crc32c' },
          ],
          index_codecs: [bytes, { name: 'crc32c' }],
          index_location: 'end',
        },
      },
    ],
    dimension_names: dimensions,
    attributes,
  });
}

/** Throws a RangeError for what is not an array that `arrayJson` describes: no other form is ever read. */
export function parseArrayJson(json: string): ZarrArray {
  const found = parsed(json);
  const {
    shape,
    data_type: type,
    chunk_grid: grid,
    codecs,
    dimension_names: dimensions,
    attributes,
  } = found as {
    readonly shape: readonly number[];
    readonly data_type: ZarrType;
    readonly chunk_grid?: { readonly configuration?: { readonly chunk_shape?: readonly number[] } };
    readonly codecs?: readonly {
      readonly configuration?: { readonly chunk_shape?: readonly number[] };
    }[];
    readonly dimension_names: readonly string[];
    readonly attributes: Readonly<Record<string, unknown>>;
  };
  const array = {
    shape,
    type,
    shard: grid?.configuration?.chunk_shape ?? [],
    inner: codecs?.[0]?.configuration?.chunk_shape ?? [],
    dimensions,
    attributes,
  };
  if (!isArray(array) || text(found) !== arrayJson(array))
    throw new RangeError('it is no array of the form that a lens has');
  return array;
}

/** Attributes of a group. */
export function parseGroupJson(json: string): Readonly<Record<string, unknown>> {
  const { node_type: type, zarr_format: format, attributes } = parsed(json);
  if (type !== 'group' || format !== 3 || typeof attributes !== 'object' || attributes === null)
    throw new RangeError('it is no group of Zarr 3');
  return attributes as Readonly<Record<string, unknown>>;
}

function isArray({ shape, type, shard, inner }: ZarrArray): boolean {
  const sizes = (list: unknown, least: number): boolean =>
    Array.isArray(list) &&
    list.length === shape.length &&
    list.every((size) => Number.isSafeInteger(size) && (size as number) >= least);
  return (
    Array.isArray(shape) &&
    Object.hasOwn(ELEMENT_BYTES, type) &&
    sizes(shape, 0) &&
    sizes(shard, 1) &&
    sizes(inner, 1) &&
    shard.every((size, at) => size % (inner[at] as number) === 0)
  );
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch (error) {
    throw new RangeError('its metadata is no JSON', { cause: error });
  }
  if (typeof found !== 'object' || found === null)
    throw new RangeError('its metadata is no object');
  return found as Readonly<Record<string, unknown>>;
}

function text(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
