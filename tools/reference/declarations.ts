// Reads interfaces and types with their docstrings from our own sources: as much of the language as those files use, and an error for
// anything else, so that nothing is left out in silence.
export interface Declaration {
  readonly name: string;
  /** 'FromTo<T>' */
  readonly title: string;
  readonly doc: string;
  /** Of an interface. */
  readonly fields: readonly Field[];
  /** Of a type: its values or what it stands for. */
  readonly values: readonly { readonly text: string; readonly doc: string }[];
}

export interface Field {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly doc: string;
}

const head =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (interface|type) (\w+)(<\w+>)?(?: extends [\w, ]+)? ?(=)?/g;

export function readDeclarations(text: string): readonly Declaration[] {
  return [...text.matchAll(head)].map((match) => {
    const [whole, doc = '', kind, name = '', parameters = ''] = match;
    const start = match.index + whole.length;
    const common = { name, title: name + parameters, doc: sentence(doc) };
    if (kind === 'interface') {
      const open = text.indexOf('{', start);
      const body = text.slice(open + 1, endOf(text, open + 1, '}'));
      return { ...common, fields: readFields(body), values: [] };
    }
    return {
      ...common,
      fields: [],
      values: readValues(text.slice(start, endOf(text, start, ';'))),
    };
  });
}

const closing: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/** Where `end` stands on the same level, comments and texts left aside. */
function endOf(text: string, from: number, end: string): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (character === end) return at;
    if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 1;
    else if (text.startsWith('//', at)) at = text.indexOf('\n', at);
    else if (character === "'") at = text.indexOf("'", at + 1);
    else if (closing[character] !== undefined) at = endOf(text, at + 1, closing[character]);
  }
  throw new Error(`no ${end} after: ${text.slice(from, from + 60)}`);
}

function readFields(body: string): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; body.slice(at).trim() !== '';) {
    const end = endOf(body, at, ';');
    fields.push(readField(body.slice(at, end)));
    at = end + 1;
  }
  return fields;
}

/** A method is a field whose type begins with its arguments; no document has one. */
function readField(text: string): Field {
  const parts =
    /^\s*(?:\/\*\*([\s\S]*?)\*\/)?\s*(?:readonly )?(\w+|\[[^\]]+\])(\?)?(?::|(?=[(<]))([\s\S]+)$/.exec(
      text,
    );
  if (parts === null) throw new Error(`this is no field that can be read: ${text}`);
  const [, doc = '', name = '', optional, type = ''] = parts;
  return { name, optional: optional !== undefined, type: typeText(type), doc: sentence(doc) };
}

function readValues(text: string): Declaration['values'] {
  const described = [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\| ('[^']+')/g)];
  if (described.length === 0) return [{ text: typeText(text), doc: '' }];
  return described.map(([, doc = '', value = '']) => ({ text: value, doc: sentence(doc) }));
}

/** On one line, without comments and without what only the compiler cares for. */
function typeText(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\breadonly /g, '')
    .replaceAll(/\b(SnapshotId|Digest|ErrorCode)\b/g, 'string')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/; }/g, ' }')
    .replaceAll(/^ ?\| |^ | $/g, '');
}

function sentence(doc: string): string {
  return doc
    .replaceAll(/^\s*\* ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
