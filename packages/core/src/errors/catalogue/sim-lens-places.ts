// What can go wrong with: lenses that are read from far away. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simLensPlaces = {
  LENS_PLACE_MISSING: {
    message: 'There is no {what} at {place}.',
    hint: 'Give the address of the directory of one run: its manifest.json says which files there are, and all of them have to be there.',
    exit: exit.notFound,
    retryable: false,
  },
  LENS_PLACE_CHANGED: {
    message: '{what} was changed while it was read.',
    hint: 'Nothing of it was mixed. Run the command again once nobody writes there.',
    exit: exit.failed,
    retryable: true,
  },
  LENS_PLACE_UNREACHABLE: {
    message: '{what} could not be reached: {reason}.',
    hint: 'It was tried several times. Check the address and the network, then run the command again.',
    exit: exit.failed,
    retryable: true,
  },
  LENS_S3_ADDRESS_INVALID: {
    message: '{address} is no address of a lens on S3: {reason}.',
    hint: "Write it like s3://bucket/prefix/run, or s3://bucket/prefix/run?endpoint=https://host:port&region=eu-central-1 for a server that is not Amazon's.",
    exit: exit.usage,
    retryable: false,
  },
  LENS_S3_BUCKET_MISSING: {
    message: 'There is no bucket {bucket} for the lens at {place}.',
    hint: 'Correct its name, the endpoint or the region in the address.',
    exit: exit.notFound,
    retryable: false,
  },
  LENS_S3_CREDENTIALS_MISSING: {
    message: 'No credentials for the lens at {place} were found: {reason}.',
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, where the command runs.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_S3_REFUSED: {
    message: 'The server of the lens at {place} did not give {what}: {reason}.',
    hint: 'Reading a lens takes s3:ListBucket of the bucket and s3:GetObject of what is in it. Check that the credentials, the region and the endpoint are those of this bucket.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
