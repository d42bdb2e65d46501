// Passwords have no place in a message, wherever it is shown or kept: a mistyped address is quoted like any other text.

/** Up to the last @ before a space or a quotation mark: an @ or a / that should have been written as %40 or %2F is covered too. */
const inAddress = /(\/\/[^\s:@/"'`]*):[^\s"'`]*@/g;
/** `?password=...` of an address, `password=...` of a connection string. */
const asParameter = /\b(password|passwd|pwd)=[^\s&"'`]+/gi;

/** The text with `***` in place of each password of a URL. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(inAddress, '$1:***@').replaceAll(asParameter, '$1=***');
}
