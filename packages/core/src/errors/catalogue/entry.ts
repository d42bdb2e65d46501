// The form of what the catalogue says of one error.
/** What the catalogue says of one error. */
export interface CatalogueEntry {
  /** Words in braces are filled from the error's data. */
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
  /** The same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
}
