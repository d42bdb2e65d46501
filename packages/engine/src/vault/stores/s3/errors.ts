// What an answer of an S3 server, or the lack of one, means for whoever uses the vault.
import { failure, isFailure, type StillpointError } from '@stillpoint/core';

export interface S3Doing {
  readonly vault: string;
  readonly bucket: string;
  readonly operation: 'read' | 'list' | 'write' | 'delete' | 'prepare';
  readonly key: string;
}

/** The shape of the SDK's errors, as far as it can be relied on. */
interface SdkError extends Error {
  readonly code?: string;
  readonly Code?: string;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    /** The answer told that our clock is wrong, whatever else it says. */
    readonly clockSkewCorrected?: boolean;
  };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly Region?: string;
}

type Meaning = (doing: S3Doing, reason: string, error: SdkError) => StillpointError;

const denied: Meaning = ({ vault, operation, key }, reason, error) =>
  failure('S3_ACCESS_DENIED', { vault, operation, key, reason }, error);
const credentialsWrong: Meaning = ({ vault }, reason, error) =>
  failure('S3_CREDENTIALS_WRONG', { vault, reason }, error);
const credentialsExpired: Meaning = ({ vault }, reason, error) =>
  failure('S3_CREDENTIALS_EXPIRED', { vault, reason }, error);
const credentialsMissing: Meaning = ({ vault }, reason, error) =>
  failure('S3_CREDENTIALS_MISSING', { vault, reason }, error);
const bucketMissing: Meaning = ({ vault, bucket }, _reason, error) =>
  failure('S3_BUCKET_MISSING', { vault, bucket }, error);
const clockWrong: Meaning = ({ vault }, _reason, error) =>
  failure('S3_CLOCK_WRONG', { vault }, error);
const slowDown: Meaning = ({ vault }, reason, error) =>
  failure('S3_SLOW_DOWN', { vault, reason }, error);
const unreachable: Meaning = ({ vault, operation, key }, reason, error) =>
  failure('S3_UNREACHABLE', { vault, operation, key, reason }, error);
const serverFailed: Meaning = ({ vault, operation, key }, reason, error) =>
  failure('S3_SERVER_FAILED', { vault, operation, key, reason }, error);
const archived: Meaning = ({ vault, key }, reason, error) =>
  failure('S3_OBJECT_ARCHIVED', { vault, key, reason }, error);
const unsupported: Meaning = ({ vault, operation }, reason, error) =>
  failure('S3_NOT_SUPPORTED', { vault, operation, reason }, error);
const noSpace: Meaning = ({ vault }, _reason, error) => failure('VAULT_NO_SPACE', { vault }, error);
const missing: Meaning = ({ vault, key }, _reason, error) =>
  failure('OBJECT_MISSING', { vault, key }, error);
const failed: Meaning = ({ vault, operation, key }, reason, error) =>
  failure('VAULT_IO_FAILED', { vault, operation, key, reason }, error);
const regionWrong: Meaning = ({ vault, bucket }, reason, error) => {
  const region = regionIn(error) ?? 'which it does not name';
  return failure('S3_REGION_WRONG', { vault, bucket, region, reason }, error);
};

/** Says "wrong region" too, and then names the right one. */
const headerMalformed: Meaning = (doing, reason, error) =>
  (regionIn(error) === undefined ? credentialsWrong : regionWrong)(doing, reason, error);

const byName: Readonly<Record<string, Meaning>> = {
  NoSuchKey: missing,
  NoSuchBucket: bucketMissing,
  InvalidObjectState: archived,
  AccessDenied: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  InvalidAccessKeyId: credentialsWrong,
  SignatureDoesNotMatch: credentialsWrong,
  InvalidToken: credentialsWrong,
  ExpiredToken: credentialsExpired,
  ExpiredTokenException: credentialsExpired,
  TokenRefreshRequired: credentialsExpired,
  RequestTimeTooSkewed: clockWrong,
  RequestExpired: clockWrong,
  PermanentRedirect: regionWrong,
  IllegalLocationConstraintException: regionWrong,
  AuthorizationHeaderMalformed: headerMalformed,
  SlowDown: slowDown,
  SlowDownRead: slowDown,
  SlowDownWrite: slowDown,
  ServiceUnavailable: slowDown,
  Throttling: slowDown,
  ThrottlingException: slowDown,
  TooManyRequests: slowDown,
  RequestLimitExceeded: slowDown,
  RequestTimeout: serverFailed,
  InternalError: serverFailed,
  QuotaExceeded: noSpace,
  InsufficientCapacity: noSpace,
  NotImplemented: unsupported,
  MethodNotAllowed: unsupported,
  TimeoutError: unreachable,
};

const byStatus: Readonly<Record<number, Meaning>> = {
  301: regionWrong,
  403: (doing, reason, error) =>
    (error.$metadata?.clockSkewCorrected === true ? clockWrong : denied)(doing, reason, error),
  429: slowDown,
  501: unsupported,
  503: slowDown,
};

/** Errors of the catalogue pass unchanged, and so do a program's own mistakes. */
export function s3Error(error: unknown, doing: S3Doing): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  const answer = error as SdkError;
  const name = nameOf(answer);
  const status = statusOf(answer);
  const meaning = name.startsWith('CredentialsProvider')
    ? chainEnd(answer)
    : (byName[name] ??
      (status === undefined ? unanswered(answer) : (byStatus[status] ?? other(status))));
  return meaning === undefined ? error : meaning(doing, reasonOf(answer), answer);
}

/** The server's word for it, such as NoSuchKey. An answer to HEAD has none. */
export function nameOf(error: unknown): string {
  const { Code, name } = error as SdkError;
  return Code ?? name;
}

export function statusOf(error: unknown): number | undefined {
  return (error as SdkError).$metadata?.httpStatusCode;
}

/** Below 400 it is no answer of S3 at all: the page of a proxy, a mistyped endpoint. */
function other(status: number): Meaning {
  return status >= 500 || status < 400 ? serverFailed : failed;
}

/** The chain also ends when an SSO session or a role's credentials are over. */
function chainEnd(error: SdkError): Meaning {
  return /expired/i.test(error.message) ? credentialsExpired : credentialsMissing;
}

/** Codes of the system, of TLS, of a broken answer; not ERR_INVALID_ARG and the like, which are our own mistakes. */
const networkCode = /^(E(?!RR_)|ERR_(TLS|SSL|STREAM_PREMATURE)|CERT_|DEPTH_|SELF_|UNABLE_|HPE_)/;

/** No answer came. */
function unanswered({ code }: SdkError): Meaning | undefined {
  return code !== undefined && networkCode.test(code) ? unreachable : undefined;
}

function regionIn(error: SdkError): string | undefined {
  return error.Region ?? error.$response?.headers?.['x-amz-bucket-region'];
}

function reasonOf(error: SdkError): string {
  const status = statusOf(error);
  const name = nameOf(error);
  const words = error.message
    .replaceAll(/\s+/g, ' ')
    .replace(/^@smithy\/\S+ - /, '')
    .replace(/[. ]*$/, '')
    .slice(0, 300);
  const plain = name === 'Error' || name === 'TimeoutError' || words.startsWith(name);
  const known = plain ? words || (error.code ?? name) : `${name}: ${words}`;
  return status === undefined ? known : `${known} (HTTP ${status})`;
}
