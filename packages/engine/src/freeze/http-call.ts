// One POST of JSON to an application. The answer is read up to a limit: an application that streams for ever must not
// fill our memory. No redirects: a suspend that lands somewhere else is worse than an error.

const answerBytesMax = 64 * 1024;

/** Resolves to the parsed answer, or undefined if it is not JSON. Rejects with a plain Error that names the reason. */
export async function postJson(url: string, body: object, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal,
    });
  } catch (error) {
    throw new Error(`POST ${withoutSecrets(url)}: ${reasonOf(error)}`, { cause: error });
  }
  const text = await readText(response);
  if (!response.ok) {
    throw new Error(
      `POST ${withoutSecrets(url)} answered ${response.status}: ${text.slice(0, 300)}`,
    );
  }
  return parse(text);
}

/** Loads the HTTP client of Node, which takes tens of milliseconds the first time: outside the freeze, please. */
export async function warmUpHttp(): Promise<void> {
  await (await fetch('data:,')).text();
}

/** For messages: an URL's query and user part may hold a token. */
export function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? '(not a URL)' : `${parsed.origin}${parsed.pathname}`;
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    size += piece.length;
    if (size > answerBytesMax) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
