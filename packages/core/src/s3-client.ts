// How clients of S3 are set up, for vaults and for lenses alike: what waits for how long, and which region is meant where nobody says. Of the
// SDK it knows shapes only: whoever calls has loaded it, and takes as much of this as it needs.

export interface S3ServerAddress {
  /** `https://host:port` of another server than Amazon's. */
  readonly endpoint?: string;
  /** Undefined: what the environment or the profile says. */
  readonly region?: string;
  /** https://host/bucket/key, and not https://bucket.host/key. */
  readonly pathStyle: boolean;
}

/** As of `@aws-sdk/client-s3`. */
export interface S3Sdk {
  readonly S3Client: new (config: object) => {
    readonly config: { region(): Promise<string> };
    destroy(): void;
  };
}

export interface S3ClientSettings {
  readonly region: string;
  readonly forcePathStyle: boolean;
  readonly responseChecksumValidation: 'WHEN_REQUIRED';
  readonly requestHandler: { readonly connectionTimeout: number; readonly socketTimeout: number };
  readonly endpoint?: string;
}

const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
const DEFAULT_REGION = 'us-east-1';

/** `idleMs`: a connection on which nothing happens for so long is given up. */
export async function s3ClientSettings(
  sdk: S3Sdk,
  { endpoint, region, pathStyle }: S3ServerAddress,
  idleMs = IDLE_MS,
): Promise<S3ClientSettings> {
  return {
    region: region ?? (await usualRegion(sdk)),
    forcePathStyle: pathStyle,
    // Everything that is read is checked against digests of ours.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: idleMs },
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

/** Most servers other than Amazon's do not care; Amazon's says in its answer which one it is. */
async function usualRegion({ S3Client }: S3Sdk): Promise<string> {
  const plain = new S3Client({});
  try {
    return await plain.config.region();
  } catch {
    return DEFAULT_REGION;
  } finally {
    plain.destroy();
  }
}
