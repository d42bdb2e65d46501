// A document of a size, such as agents keep: messages with calls of tools, numbers, flags, and text. One character beyond Latin-1
// makes the whole JSON text a string of twice the width, which is dearer to serialize and to parse; so there are both kinds.

export type Words = 'mixed' | 'ascii';

export function documentOf(sizeBytes: number, words: Words): object {
  const messages: object[] = [];
  const document = { run: '01890a5d-ac96-774b-bcce-b302099a8057', model: 'm-1', messages };
  let bytes = Buffer.byteLength(JSON.stringify(document));
  for (let n = 0; bytes < sizeBytes; n += 1) {
    const message = messageOf(n, words);
    messages.push(message);
    bytes += Buffer.byteLength(JSON.stringify(message)) + 1;
  }
  return document;
}

function messageOf(n: number, words: Words): object {
  const entry =
    words === 'ascii' ? `'entry ${n * 31}', for later` : `“entry ${n * 31}”, für später`;
  return {
    id: n,
    role: n % 2 === 0 ? 'user' : 'assistant',
    at: 1_700_000_000_000 + n * 997,
    text: `Step ${n}: look at ${entry}, and say why it is as it is.`.repeat(1 + (n % 3)),
    calls: [
      { tool: 'search', arguments: { query: `entry ${n * 7}`, limit: 10, exact: n % 5 === 0 } },
    ],
    scores: [n / 7, n / 11, n / 13],
    parent: n === 0 ? null : n - 1,
  };
}
