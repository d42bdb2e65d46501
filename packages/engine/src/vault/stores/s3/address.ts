// Where a vault on S3 is, as it is written: s3://bucket/prefix?endpoint=...&region=...&pathStyle=1&checksums=when-required.
// It never holds a secret: credentials come from where all programs for S3 find theirs.
import { failure, type S3ServerAddress } from '@stillpoint/core';

export interface S3Address extends S3ServerAddress {
  readonly bucket: string;
  /** Before each key; ends in '/' unless it is empty. */
  readonly prefix: string;
  /** 'when-required': for older servers, which refuse or mangle checksums that they did not ask for. */
  readonly checksums: 'always' | 'when-required';
}

const PARAMETERS = ['endpoint', 'region', 'pathStyle', 'checksums'];
const SHORTEST_PREFIX = /^[A-Za-z0-9_-][A-Za-z0-9._=-]*$/;
const MAX_PREFIX_CHARACTERS = 500;

export function isS3Address(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/** Rejects with S3_ADDRESS_INVALID. */
export function parseS3Address(text: string): S3Address {
  const found = readS3Address(text);
  if (typeof found !== 'string') return found;
  throw failure('S3_ADDRESS_INVALID', { address: withoutUser(text), reason: found });
}

/** Or what is wrong with it, in words. */
export function readS3Address(text: string): S3Address | string {
  if (!URL.canParse(text) || !isS3Address(text)) return 'it is no s3:// address';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return 'it must not hold credentials; they come from the environment or a profile';
  }
  const bucket = url.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || url.port !== '') {
    return `${JSON.stringify(url.host)} is no name of a bucket`;
  }
  const prefix = readPrefix(url.pathname);
  if (prefix === undefined)
    return 'a prefix is made of letters, digits and . _ = - between slashes';
  const parameters = readParameters(url);
  return typeof parameters === 'string' ? parameters : { bucket, prefix, ...parameters };
}

/** The address in one way of writing: equal places have equal texts. */
export function s3AddressText(address: S3Address): string {
  const { bucket, prefix, endpoint, region, pathStyle, checksums } = address;
  const parameters = [
    ...(endpoint === undefined ? [] : [`endpoint=${endpoint}`]),
    ...(region === undefined ? [] : [`region=${region}`]),
    ...(pathStyle === (endpoint !== undefined) ? [] : [`pathStyle=${pathStyle ? 1 : 0}`]),
    ...(checksums === 'always' ? [] : [`checksums=${checksums}`]),
  ];
  const place = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
  return parameters.length === 0 ? place : `${place}?${parameters.join('&')}`;
}

function readPrefix(pathname: string): string | undefined {
  const parts = pathname.split('/').filter((part) => part !== '');
  if (!parts.every((part) => SHORTEST_PREFIX.test(part))) return undefined;
  const prefix = parts.map((part) => `${part}/`).join('');
  return prefix.length > MAX_PREFIX_CHARACTERS ? undefined : prefix;
}

function readParameters(url: URL): Omit<S3Address, 'bucket' | 'prefix'> | string {
  const given = [...url.searchParams.keys()];
  const unknown = given.find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) return `it knows no parameter ${JSON.stringify(unknown)}`;
  const twice = given.find((name, at) => given.indexOf(name) !== at);
  if (twice !== undefined) return `${twice} is there twice`;
  if (url.hash !== '') return 'it has a # in it';
  const value = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;

  const endpoint = value('endpoint');
  const server = endpoint === undefined ? undefined : readEndpoint(endpoint);
  if (endpoint !== undefined && server === undefined) {
    return 'endpoint must be like https://host:port, without a path';
  }
  const region = value('region');
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/i.test(region)) return 'region is no region';
  const pathStyle = value('pathStyle') ?? (server === undefined ? '0' : '1');
  if (pathStyle !== '0' && pathStyle !== '1') return 'pathStyle must be 0 or 1';
  const checksums = value('checksums') ?? 'always';
  if (checksums !== 'always' && checksums !== 'when-required') {
    return 'checksums must be always or when-required';
  }
  return {
    ...(server === undefined ? {} : { endpoint: server }),
    ...(region === undefined ? {} : { region }),
    pathStyle: pathStyle === '1',
    checksums,
  };
}

function readEndpoint(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, href } = new URL(text);
  return href === `${origin}/` ? origin : undefined;
}

/** What stands before an @ may be a secret. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/?#]*@/, '//***@');
}
