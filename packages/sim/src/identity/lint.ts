// Looks through the code of a world for what would make two runs of it differ. It reads the text only: what it finds is a warning at the
// start of a run, and the exit status of `stillpoint world lint`.
import { isBuiltin, stripTypeScriptTypes } from 'node:module';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as acorn from 'acorn';
import { ancestor } from 'acorn-walk';
import type { LoadedWorld } from '../world/contract.ts';
import { bundleWorld, packageOf } from './bundle.ts';
import * as rules from './findings.ts';
import type { Rule } from './findings.ts';

export interface Finding extends Rule {
  /** Relative to the world's directory. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** What stands there: `Math.sin`. */
  readonly what: string;
}

/** Of the world's own modules; packages are left to their authors. Throws WORLD_BROKEN. */
export async function lintWorld({ file, directory }: LoadedWorld): Promise<readonly Finding[]> {
  const { modules } = await bundleWorld(file, directory);
  const findings: Finding[] = [];
  for (const module of modules.map((one) => one.path)) {
    if (packageOf(module) !== undefined || !/\.[mc]?[jt]s$/.test(module)) continue;
    const text = await readFile(path.resolve(directory, module), 'utf8');
    findings.push(...lintText(text, module));
  }
  return findings;
}

/** Of one module. Types are blanked out, so that every place stays where it is. */
export function lintText(text: string, file: string): readonly Finding[] {
  const code = /\.[mc]?ts$/.test(file) ? withoutTypes(text) : text;
  const program = acorn.parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowHashBang: true,
    locations: true,
  });
  const findings: Finding[] = [];
  const found = (node: acorn.Node, what: string, { rule, hint }: Rule): void => {
    const { line, column } = node.loc!.start;
    findings.push({ file, line, column: column + 1, what, rule, hint });
  };
  look(program, found);
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

type Found = (node: acorn.Node, what: string, rule: Rule) => void;

function look(program: acorn.Program, found: Found): void {
  const declared = declaredIn(program);
  const isGlobal = (node: acorn.Node, name: string): boolean =>
    node.type === 'Identifier' && (node as acorn.Identifier).name === name && !declared.has(name);
  const kept = variablesOf(program);
  const assigned = (target: acorn.Node): void => {
    if (target.type !== 'Identifier') return;
    const { name } = target as acorn.Identifier;
    if (kept.has(name)) found(target, name, rules.moduleState);
  };
  ancestor(program, {
    MemberExpression(node) {
      const name = nameOf(node);
      if (isGlobal(node.object, 'Math')) lookAtMath(node, name, found);
      if (name === 'localeCompare' || name?.startsWith('toLocale') === true)
        found(node, `.${name}`, rules.locale);
    },
    VariableDeclarator({ id, init }) {
      if (init === null || init === undefined || !isGlobal(init, 'Math')) return;
      if (id.type !== 'ObjectPattern') return;
      for (const property of id.properties)
        if (property.type === 'Property' && property.key.type === 'Identifier')
          lookAtMath(property, property.key.name, found);
    },
    Identifier(node) {
      const rule = rules.globals.get(node.name);
      if (rule !== undefined && !declared.has(node.name)) found(node, node.name, rule);
    },
    BinaryExpression(node) {
      if (node.operator !== '**') return;
      if (!rules.isWholeNumber(node.left) || !rules.isWholeNumber(node.right))
        found(node, '**', rules.unstable('pow'));
    },
    AssignmentExpression(node, _, ancestors) {
      if (node.operator === '**=') found(node, '**=', rules.unstable('pow'));
      if (isInFunction(ancestors)) assigned(node.left);
    },
    UpdateExpression(node, _, ancestors) {
      if (isInFunction(ancestors)) assigned(node.argument);
    },
    ForInStatement(node) {
      found(node, 'for … in', rules.forIn);
    },
    ImportDeclaration({ source, ...node }) {
      const name = String(source.value);
      if (isBuiltin(name)) found(node as acorn.Node, name, rules.importOfNode);
    },
    ImportExpression(node) {
      const { value } = node.source as { readonly value?: unknown };
      const name = typeof value === 'string' ? value : undefined;
      // What is only known when it runs is not in the world's identity.
      if (name === undefined || isBuiltin(name))
        found(node, `import(${name ?? '…'})`, rules.importOfNode);
    },
  });
}

function lookAtMath(node: acorn.Node, name: string | undefined, found: Found): void {
  if (name === 'random') found(node, 'Math.random', rules.random);
  else if (name === undefined || rules.unstableMath.has(name))
    found(node, `Math.${name ?? '[…]'}`, rules.unstable(name ?? 'sin and its like'));
}

function nameOf({ computed, property }: acorn.MemberExpression): string | undefined {
  if (!computed) return property.type === 'Identifier' ? property.name : undefined;
  const value = property.type === 'Literal' ? property.value : undefined;
  return typeof value === 'string' ? value : undefined;
}

function isInFunction(ancestors: readonly acorn.Node[]): boolean {
  return ancestors.some(({ type }) => /Function/.test(type));
}

/** Every name that the module gives to something of its own, wherever. */
function declaredIn(program: acorn.Program): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (node: acorn.Node | null | undefined): void => {
    if (node?.type === 'Identifier') names.add((node as acorn.Identifier).name);
  };
  ancestor(program, {
    // The names in patterns: of variables and of parameters.
    Pattern: (node: acorn.Node) => add(node),
    VariablePattern: (node: acorn.Node) => add(node),
    Function: (node: acorn.Node) => add((node as acorn.Function).id),
    Class: (node: acorn.Node) => add((node as acorn.Class).id),
    ImportDeclaration: ({ specifiers }) => specifiers.forEach(({ local }) => add(local)),
  } as Parameters<typeof ancestor>[1]);
  return names;
}

/** `let` and `var` of the module itself. */
function variablesOf({ body }: acorn.Program): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of body) {
    const declaration =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind === 'const') continue;
    for (const { id } of declaration.declarations) if (id.type === 'Identifier') names.add(id.name);
  }
  return names;
}

/** Each character stays at its place. Node warns at every start that the function may change: that is our concern, not a user's. */
function withoutTypes(text: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (): void => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}
