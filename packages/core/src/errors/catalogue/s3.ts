// What can go wrong with: a vault on S3. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const s3 = {
  S3_ADDRESS_INVALID: {
    message: '{address} is no address of a vault on S3: {reason}.',
    hint: "Write it like s3://bucket/prefix, or s3://bucket/prefix?endpoint=https://host:port&region=eu-central-1 for a server that is not Amazon's.",
    exit: exit.usage,
    retryable: false,
  },
  VAULT_ENCRYPTION_REQUIRED: {
    message:
      'The new vault at {vault} is on S3, and the configuration does not say how it is encrypted.',
    hint: "Say where the passphrase comes from, or that there is to be none (encryption: 'none'), as docs/reference/config.md shows. It cannot be changed afterwards. Nothing was made.",
    exit: exit.usage,
    retryable: false,
  },
  S3_BUCKET_MISSING: {
    message: 'There is no bucket {bucket} for the vault at {vault}.',
    hint: 'Stillpoint makes no buckets: make it, or correct its name, the endpoint or the region in the address.',
    exit: exit.notFound,
    retryable: false,
  },
  S3_ACCESS_DENIED: {
    message: 'The vault at {vault} does not let these credentials {operation} {key}: {reason}.',
    hint: 'Give them the policy that docs/guide/s3.md shows, for this bucket and prefix. The bucket may also belong to somebody else.',
    exit: exit.failed,
    retryable: false,
  },
  S3_CREDENTIALS_MISSING: {
    message: 'No credentials for the vault at {vault} were found: {reason}.',
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, where the command runs.',
    exit: exit.failed,
    retryable: false,
  },
  S3_CREDENTIALS_EXPIRED: {
    message: 'The credentials for the vault at {vault} have expired: {reason}.',
    hint: 'Get new ones, with `aws sso login` for example, and run the command again. What was sealed before is unharmed.',
    exit: exit.failed,
    retryable: false,
  },
  S3_CREDENTIALS_WRONG: {
    message: 'The server of the vault at {vault} does not accept these credentials: {reason}.',
    hint: 'Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_PROFILE, and that they are meant for this endpoint.',
    exit: exit.failed,
    retryable: false,
  },
  S3_REGION_WRONG: {
    message:
      'The bucket {bucket} of the vault at {vault} is in another region, {region}: {reason}.',
    hint: 'Add region={region} to the parameters of the address.',
    exit: exit.failed,
    retryable: false,
  },
  S3_CLOCK_WRONG: {
    message:
      'The clock of this machine and that of the server of the vault at {vault} are too far apart.',
    hint: 'Set the clock of this machine; timedatectl shows whether it is kept right.',
    exit: exit.failed,
    // The client learns the server's time from the answer and signs the next request with it.
    retryable: true,
  },
  S3_SLOW_DOWN: {
    message: 'The server of the vault at {vault} asks for fewer requests: {reason}.',
    hint: 'It was asked again several times, with longer and longer waits. Run the command again later.',
    exit: exit.failed,
    retryable: true,
  },
  S3_SERVER_FAILED: {
    message: 'The server of the vault at {vault} failed to {operation} {key}: {reason}.',
    hint: 'It was asked several times. Look at the state of the service, and whether the endpoint is an S3 server; then run the command again.',
    exit: exit.failed,
    retryable: true,
  },
  S3_UNREACHABLE: {
    message:
      'The server of the vault at {vault} could not be reached to {operation} {key}: {reason}.',
    hint: 'Check the network and the endpoint, then run the command again. Nothing that was sealed is harmed.',
    exit: exit.failed,
    retryable: true,
  },
  S3_OBJECT_ARCHIVED: {
    message:
      'The vault at {vault} has {key} in an archive, where it cannot be read at once: {reason}.',
    hint: 'Ask S3 to restore the objects below the prefix, which takes hours, and keep them out of the lifecycle rule that archives them.',
    exit: exit.failed,
    retryable: false,
  },
  S3_NOT_SUPPORTED: {
    message: 'The server of the vault at {vault} cannot {operation} as a vault needs it: {reason}.',
    hint: '`stillpoint vault validate` with this address shows what it lacks. Use another server, or a newer version of this one.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
