// Where a lens in a bucket is, as vaults on S3 are written too: s3://bucket/prefix?endpoint=...&region=...&pathStyle=1. It never holds a
// secret: credentials come from where all programs for S3 find theirs.
import { failure, type S3ServerAddress } from '@stillpoint/core';

export interface LensS3Address extends S3ServerAddress {
  readonly bucket: string;
  /** Without a slash at its end; empty: the whole bucket. */
  readonly prefix: string;
}

const PARAMETERS = ['endpoint', 'region', 'pathStyle'];

export function isS3Address(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/** Throws LENS_S3_ADDRESS_INVALID. */
export function parseS3Address(text: string): LensS3Address {
  const found = readAddress(text);
  if (typeof found !== 'string') return found;
  const address = text.replace(/\/\/[^/?#]*@/, '//***@');
  throw failure('LENS_S3_ADDRESS_INVALID', { address, reason: found });
}

/** The same server and bucket, something else in it. */
export function s3AddressText(
  { bucket, endpoint, region, pathStyle }: LensS3Address,
  prefix: string,
): string {
  const parameters = [
    ...(endpoint === undefined ? [] : [`endpoint=${endpoint}`]),
    ...(region === undefined ? [] : [`region=${region}`]),
    ...(pathStyle === (endpoint !== undefined) ? [] : [`pathStyle=${pathStyle ? 1 : 0}`]),
  ];
  const place = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
  return parameters.length === 0 ? place : `${place}?${parameters.join('&')}`;
}

function readAddress(text: string): LensS3Address | string {
  if (!URL.canParse(text) || !isS3Address(text)) return 'it is no s3:// address';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    return 'it must not hold credentials; they come from the environment or a profile';
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname) || url.port !== '')
    return `${JSON.stringify(url.host)} is no name of a bucket`;
  if (url.hash !== '') return 'it has a # in it';
  const names = [...url.searchParams.keys()];
  const unknown = names.find(
    (name, at) => !PARAMETERS.includes(name) || names.indexOf(name) !== at,
  );
  if (unknown !== undefined)
    return `its parameters are ${PARAMETERS.join(', ')}, each once; ${JSON.stringify(unknown)} is none or is there twice`;
  const endpoint = url.searchParams.get('endpoint');
  const isServer =
    endpoint === null ||
    (/^https?:\/\//i.test(endpoint) &&
      URL.canParse(endpoint) &&
      new URL(endpoint).href === `${new URL(endpoint).origin}/`);
  if (!isServer) return 'endpoint must be like https://host:port, without a path';
  const pathStyle = url.searchParams.get('pathStyle') ?? (endpoint === null ? '0' : '1');
  if (pathStyle !== '0' && pathStyle !== '1') return 'pathStyle must be 0 or 1';
  const region = url.searchParams.get('region');
  return {
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, ''),
    ...(endpoint !== null && { endpoint: new URL(endpoint).origin }),
    ...(region !== null && { region }),
    pathStyle: pathStyle === '1',
  };
}
