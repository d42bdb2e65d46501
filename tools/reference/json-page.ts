// docs/reference/json.md: which command prints which document, and every field of it as the types of the library say. A command
// that is not named here, and a type that is not found, is an error.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../tidy/source-files.ts';
import { readDeclarations, type Declaration } from './declarations.ts';

/** Where the documents' types are. A name must be the only one of its kind in them. */
const files = [
  'api.ts',
  'freeze/contract.ts',
  'project/state.ts',
  'vault/contract.ts',
  'care/contract.ts',
  'vault/crypto/key-slots.ts',
  'gate/contract.ts',
  'diff/contract.ts',
  'doctor/contract.ts',
  'discovery/contract.ts',
  'sources/contract.ts',
  'sources/postgres/cluster/contract.ts',
];

/** In [[ ]] a type. What stands in braces is put together by the command itself. */
const documents: Readonly<Record<string, string>> = {
  init: '`{"directory","file","written","found","config"}`: `found` is a [[Discovery]], `config` the text',
  doctor: 'a [[DoctorReport]]',
  snapshot: 'a [[SnapshotSummary]]',
  list: 'a list of [[SnapshotSummary]] and [[DamagedSnapshot]]: the damaged ones, then the others, oldest first',
  show: 'a [[SnapshotSummary]]; with `--lock` a [lockfile](../format/lockfile.md)',
  diff: 'a [[StateDiff]]',
  verify:
    'a list of `{"snapshot","ok","losses"}`, each with the fields of a [[VerifyReport]]; `losses`: a list of [[Loss]]',
  restore: 'a [[RestoreResult]]; with `--dry-run` a [[RestorePlan]]',
  undo: 'a [[RestoreResult]]; with `--dry-run` a [[RestorePlan]]',
  hold: 'a [[SnapshotSummary]] or a [[DamagedSnapshot]]',
  forget: 'a [[ForgetResult]], also with `--dry-run`; with `--keep-...` a [[RetainResult]]',
  prune:
    '`{"retention","prune"}`: a [[RetainResult]] or null where the configuration has no rules, and a [[PruneReport]]; with `--end-session` `{"ended"}`',
  'vault stats': 'a [[VaultStats]]',
  'vault copy': 'a list of [[CopyResult]], one for each vault that was copied to',
  'vault export': 'an [[ExportResult]]',
  'vault import': 'an [[ImportResult]]',
  'vault repair': 'a [[RepairResult]], also with `--dry-run`',
  'vault rebase': 'a [[RebaseResult]]',
  'vault key list':
    'a list of `{"opened"}`, each with the fields of a [[KeySlot]]: `opened` says which one opened the vault',
  'vault key add': 'a [[KeySlot]]',
  'vault key change': 'a [[KeySlot]]',
  'vault key remove': '`{"removed"}`',
  'vault init': '`{"place","id","encryption"}`',
  'vault validate': 'a list of `{"name","ok","reason"}`, also when something fails',
  'db start': '`{"name"}` and the fields of a [[ClusterStatus]]',
  'db stop': '`{"name"}` and the fields of a [[ClusterStatus]]',
  'db status': '`{"name"}` and the fields of a [[ClusterStatus]]',
  'db url': '`{"name","url"}`',
  run: 'one line an event, `{"event"}` and more: `started`, `progress` (each second), `era`, `checkpoint:written`, `checkpoint:dropped`, `checkpoint:failed`, `warned`; last `finished`, `stopped` or `interrupted`, `{"event","runId","tick","simTime","stateHash","checkpoints"}`. [The reference of run](run.md) has their fields',
  'world show': '`{"ir","identity"}`, as a checkpoint has them',
  'world lint':
    'a list of `{"file","line","column","what","rule","hint"}`, also when there are some',
  'checkpoint list':
    'a list of `{"runId","path","world","state","latest","createdAt","seed","parameters","lineage","bytes","checkpoints"}`, of one run that alone; each of `checkpoints` is `{"tick","file","bytes","digest","base","createdAt"}`',
  'checkpoint inspect':
    '`{"file","digest","base","facts","plainBytes","storedBytes","sections"}`: `facts` as [the format](../format/checkpoint.md) has them, each of `sections` is `{"name","kind","dtype","shape","plainBytes","storedBytes","digest","ratio","numbers"}`, `numbers` is `{"min","max","mean","notFinite"}` or null',
  'checkpoint verify':
    'a list of `{"file","bytes","ok","runId","tick","code","why"}`, also when one is damaged',
  'checkpoint diff':
    '`{"from","to","different","facts","sections","equalSections"}`: `from` and `to` are `{"file","runId","tick","digest"}`, each of `facts` is `{"name","from","to"}`, each of `sections` is `{"name","kind"}` with `kind` `values` (then also `{"dtype","elements","differing","first","maxAbsolute","maxRelative"}`), `layout`, `only in from` or `only in to`',
  'checkpoint prune':
    '`{"runId","path","freedBytes","gone","kept","needed"}`, each of the lists as the checkpoints of `checkpoint list`; also with `--dry-run`',
  'checkpoint export': '`{"file","format","bytes","arrays"}`',
  'checkpoint fork': '`{"runId","path","file","tick","parameters","lineage"}`',
  'lens query':
    '`{"runId","world","field","when","dropped","frames","damaged"}`, written as the frames are read, also when something is damaged: `dropped` are the gaps that the question reaches into, as `lens info` has them; `field` is `{"name","unit","components","topology"}`; each of `frames` is `{"tick","timeSeconds","values"}` with `samples` (their numbers in the frame) and `positions` (x, y, z), both only in the first where they stay, or with `--stat` each statistic by its name. A vector is a list; NaN is null, what is infinite "Infinity" or "-Infinity"',
  'lens sql':
    '`{"columns","rows","damaged"}`, written as the rows come, also when something is damaged: each of `columns` is `{"name","type"}`, `rows` are objects with these names. NaN is null, what is infinite and whole numbers above 2^53 are text, as are decimals, dates and times; bytes are base64',
  'lens plot':
    '`{"runId","field","label","unit","frames","range","width","height","missing","clamped","dropped","damaged"}`: `label` says which component or length was drawn, `frames` is `{"count","first","last"}`, `range` what the first and the last colour stand for (of lines the vertical axis), `missing` and `clamped` (`{"below","above"}`) count samples without a value and those that the colours do not reach; `dropped` are gaps as `lens query` has them. With `--output` also `file`, `type` and `sizeBytes`; without it what the terminal would show: `extent` and `rows` of numbers from above, or of a series `lines`, each `{"name","least","largest","last","ticks","timesSeconds","values"}` in place of width and height. Also when something is damaged',
  'lens info':
    'of a directory of runs a list of `{"runId","path","chunks","sizeBytes","ticks","busy","latest"}`, else `{"name","runId","world","createdAt","fields","frames","first","last","strideTicks","chunks","dropped","damaged"}`: each of `chunks` is `{"file","sizeBytes","sealed"}`, `fields` and `dropped` are as [the format](../format/lens.md) has them',
  'lens export':
    '`{"output","format","runs","fields","frames","rows","files","bytes","dropped","damaged"}`, also when something is damaged: `rows` is null where arrays were written',
  'lens verify':
    'a list of `{"lens","file","sizeBytes","sealed","frames","ok","damaged","cutBytes"}`, also when one is damaged',
  'lens diff':
    '`{"from","to","different","compared","onlyInFrom","onlyInTo","fields","equalFields"}`: `from` and `to` are `{"name","runId","frames"}`, each of `fields` is `{"name","kind","frames","firstTick","numbers","maxAbsolute"}` with `kind` `values`, `layout`, `only in from` or `only in to`',
  'lens compact':
    'a list of `{"runId","path","sealed","merged","damaged","beforeBytes","afterBytes"}`, also when something is damaged; each of `merged` is `{"file","from"}`',
  'lens prune':
    'a list of `{"runId","path","busy","whole","gone","kept","freedBytes"}`, `gone` and `kept` are lists of `{"file","ticks","sizeBytes","sealed"}`; also with `--dry-run`',
  'lens clear': 'as `lens prune`',
  ctl: '`status` (and each of the list of `--all`, where one that does not answer has `{"runId","directory","socket","problem"}`) `{"runId","pid","directory","startedAt","tick","untilTick","simTimeSeconds","ticksPerSecond","paused","checkpoints"}`; `checkpoint` `{"outcome","tick","file"}`; `pause` `{"pause","tick"}`; `resume` `{"ended"}`; `stop` `{"tick","checkpoint"}`; `set-stride` `{"ticks"}`, as [control](../format/control.md) has them',
  traces: 'as `traces list`',
  'traces list':
    'a list of `{"traceId","spanId","parentId","name","kind","service","scope","startNs","durationNs","status","statusMessage"}`, nanoseconds as text',
  'traces slowest': 'as `traces list`',
  'traces errors': 'as `traces list`',
  'traces names': 'a list of `{"name","spans","errors","p50Ns","p95Ns","maxNs"}`',
  'traces show':
    '`{"traceId","startNs","durationNs","errors","nodes":[{"depth","place","last","span"}]}`: a `span` as of `traces list`, with `attributes`, `events`, `links`, `resource` and `cut`',
  migrate:
    '`{"steps":[{"name","committed","statements","losses":[{"name","kind","owner","what","accepted"}]}],"parts","kept":[{"entity","owner"}],"guard","done","file"}`, also with `--dry-run`: `guard` the id of the snapshot before, `file` the new migration; each null where there is none',
  'migrate rollback':
    '`{"steps","guard","done"}` as of `migrate`, newest first, also with `--dry-run`',
  'migrate status':
    '`{"applied":[{"name","appliedAt","file"}],"pending","difference","parts"}`: `file` is "same", "changed" or "missing", `difference` `{"words","statements","losses"}` or null',
  'migrate drift':
    '`{"migration","findings":[{"kind","entity","owner","what"}]}`: `kind` is "missing", "changed" or "extra"; also when there are some',
  exec: "nothing of its own: stdout is the program's",
  gate: 'a [[GateVerdict]]',
  demo: '`{"ok","freezeMs","stallMs","snapshotMs","restoreMs","closedMs","comparisons":[{"what","captured","broken","restored","equal"}]}`',
  'new daemon': '`{"directory","name","files"}`',
  completion: '`{"shell","script"}`; with `--refs` a list of `{"ref","about"}`',
};

const HEAD = `# JSON

With \`--json\` a command prints **one JSON document on stdout**, on one line, and nothing else; **on stderr nothing but
warnings (\`{"warning"}\`, a line each: a resume that failed, an earlier command that died, a new base) and an error**. There is no
progress and no question: \`restore\`, \`undo\` and \`forget\` need \`--yes\`. What is described here is stable: fields are added, never
renamed or removed. Times are milliseconds, sizes bytes, moments ISO 8601 in UTC.

A command that fails prints no document, except \`verify\`, \`checkpoint verify\`, \`lens verify\`, \`lens query\`, \`lens sql\`, \`lens export\`, \`lens plot\`, \`lens compact\`, \`vault copy\` and \`vault repair\`, whose documents say what is damaged, \`vault validate\`, \`doctor\`, \`gate\`, \`migrate drift\`, and \`demo\`.

| command | document |
|---|---|`;

const ERROR = `## An error

On stderr, as its last line, with the exit status of [exit-codes.md](exit-codes.md):

\`\`\`json
{ "error": { "code": "REF_UNKNOWN", "message": "No snapshot is called \\"x\\".", "hint": "…", "data": { "ref": "x" }, "causes": [], "retryable": false, "exitCode": 10 } }
\`\`\`

\`code\` is one of [errors.md](errors.md), or \`UNEXPECTED\` for a defect of Stillpoint.`;

/** `commands`: every one that does something, 'db start' too. */
export function jsonPage(made: string, commands: readonly string[]): string {
  const known = readAll();
  const rows = commands.map((name) => {
    const document = documents[name];
    if (document === undefined) throw new Error(`say in ${import.meta.url} what ${name} prints`);
    return `| \`${name}\` | ${document.replaceAll(/\[\[(\w+)\]\]/g, (_, type: string) => linkTo(type))} |`;
  });
  const gone = Object.keys(documents).filter((name) => !commands.includes(name));
  if (gone.length > 0) throw new Error(`there is no command ${gone.join(', ')}`);
  const roots = Object.values(documents).flatMap((text) =>
    [...text.matchAll(/\[\[(\w+)\]\]/g)].map(([, name]) => name!),
  );
  const types = reachable(roots, known).flatMap((one) => ['', ...section(one, known)]);
  return [made, HEAD, ...rows, '', ERROR, '', '## Types', ...types].join('\n') + '\n';
}

function readAll(): ReadonlyMap<string, Declaration> {
  const known = new Map<string, Declaration>();
  for (const file of files) {
    const text = readFileSync(path.join(ROOT, 'packages/engine/src', file), 'utf8');
    for (const declaration of readDeclarations(text)) {
      if (known.has(declaration.name)) throw new Error(`two types are called ${declaration.name}`);
      known.set(declaration.name, declaration);
    }
  }
  return known;
}

/** The roots and what they name, each before what only it names. */
function reachable(
  roots: readonly string[],
  known: ReadonlyMap<string, Declaration>,
): readonly Declaration[] {
  const found = new Map<string, Declaration>();
  const visit = (name: string): void => {
    const declaration = known.get(name);
    if (declaration === undefined) throw new Error(`no type is called ${name}`);
    if (found.has(name)) return;
    found.set(name, declaration);
    for (const text of textsOf(declaration)) for (const next of namesIn(text, known)) visit(next);
  };
  roots.forEach(visit);
  return [...found.values()];
}

function textsOf({ fields, values }: Declaration): readonly string[] {
  return [...fields.map(({ type }) => type), ...values.map(({ text }) => text)];
}

function namesIn(text: string, known: ReadonlyMap<string, Declaration>): readonly string[] {
  return [...text.matchAll(/\b[A-Z]\w+/g)].map(([name]) => name).filter((name) => known.has(name));
}

function section(one: Declaration, known: ReadonlyMap<string, Declaration>): readonly string[] {
  const lines = [`### ${escape(one.title)}`];
  if (one.doc !== '') lines.push('', escape(one.doc));
  const [first] = one.values;
  if (first !== undefined && first.doc === '')
    return [...lines, '', cell(first.text, known).replaceAll('\\|', '|')];
  if (one.values.length > 0) {
    const values = one.values.map(({ text, doc }) => `| \`${text}\` | ${inRow(doc)} |`);
    return [...lines, '', '| value | meaning |', '|---|---|', ...values];
  }
  const fields = one.fields.map(({ name, optional, type, doc }) => {
    const absent = optional ? 'May be left out. ' : '';
    return `| \`${name}\` | ${cell(type, known)} | ${(absent + inRow(doc)).trim()} |`;
  });
  return [...lines, '', '| field | type | meaning |', '|---|---|---|', ...fields];
}

/** The type as code, and behind it where its parts are described. */
function cell(type: string, known: ReadonlyMap<string, Declaration>): string {
  const links = [...new Set(namesIn(type, known))].map(linkTo);
  const [only] = links;
  if (links.length === 1 && /^\w+$/.test(type)) return only!;
  const code = `\`${type.replaceAll('|', '\\|')}\``;
  return links.length === 0 ? code : `${code} (${links.join(', ')})`;
}

function linkTo(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

function inRow(text: string): string {
  return escape(text).replaceAll('|', '\\|');
}

function escape(text: string): string {
  return text.replaceAll('<', '\\<');
}
