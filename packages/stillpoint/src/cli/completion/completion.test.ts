// The scripts in real shells, with the real command on the PATH. A shell that is not installed is skipped.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createProgram } from '../program.ts';
import { inProcess, LAUNCHER, stillpoint } from '../testing/run.ts';
import { placesOf } from './grammar.ts';

let directory = '';
let environment: NodeJS.ProcessEnv = {};

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-completion-'));
  const programs = path.join(directory, 'bin');
  await mkdir(programs);
  await symlink(LAUNCHER, path.join(programs, 'stillpoint'));
  await symlink(process.execPath, path.join(programs, 'node'));
  environment = { ...process.env, PATH: `${programs}:${process.env['PATH']}` };
  const project = path.join(directory, 'project');
  await mkdir(project);
  execFileSync('git', ['init', '-q', project]);
  await writeFile(path.join(project, 'stillpoint.config.json'), '{"members":["."]}');
  await stillpoint(['snapshot', '--name', 'before-v2'], { cwd: project });
});

after(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** What bash would offer at the end of the line, in ascending order. */
function offered(line: string): readonly string[] {
  return offeredEach([line])[0]!;
}

/** The same for several lines, typed into one shell. */
function offeredEach(lines: readonly string[]): readonly (readonly string[])[] {
  const asked = lines.map((line) => {
    const words = line.split(' ');
    const quoted = words.map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _stillpoint
printf '%s\\n' "\${COMPREPLY[@]}" =`;
  });
  const script = ['source <(stillpoint completion bash)', ...asked].join('\n');
  const cwd = path.join(directory, 'project');
  const ran = spawnSync('bash', ['--norc', '-c', script], { cwd, env: environment });
  assert.equal(ran.stderr.toString(), '');
  const answers = ran.stdout.toString().split('=\n').slice(0, -1);
  assert.equal(answers.length, lines.length);
  return answers.map((answer) => answer.split('\n').filter(Boolean).toSorted());
}

test('bash: commands, and those of a command', () => {
  assert.deepEqual(offered('stillpoint re'), ['restore']);
  assert.deepEqual(offered('stillpoint --wait 5s --json undo --'), [
    '--dry-run',
    '--help',
    '--json',
    '--no-color',
    '--project',
    '--quiet',
    '--wait',
    '--yes',
  ]);
  assert.deepEqual(offered('stillpoint db st'), ['start', 'status', 'stop']);
  assert.ok(offered('stillpoint ').includes('snapshot'));
});

test('bash: snapshots, directories, and nothing where nothing is known', () => {
  const refs = offered('stillpoint restore ');
  assert.ok(refs.includes('before-v2') && refs.includes('latest'), refs.join(' '));
  assert.deepEqual(offered('stillpoint restore bef'), ['before-v2']);
  assert.deepEqual(offered('stillpoint diff latest bef'), ['before-v2']);
  assert.deepEqual(offered('stillpoint restore latest --into .st'), ['.stillpoint']);
  assert.deepEqual(offered('stillpoint snapshot --name '), []);
  assert.deepEqual(offered('stillpoint snapshot --name restore'), [], 'a value is no command');
});

test('bash: every command and option is offered', () => {
  const places = placesOf(createProgram(() => async () => {}));
  const lines = places.map((place) => `stillpoint${place.path.replaceAll('/', ' ')} --`);
  const options = offeredEach(lines);
  for (const [at, place] of places.entries()) {
    for (const { word } of place.options.filter((option) => option.word !== ''))
      assert.ok(options[at]!.includes(word), `${lines[at]} ${word}`);
  }
});

for (const [shell, check] of [
  ['bash', ['-n', '-c']],
  ['zsh', ['-n', '-c']],
  ['fish', ['--no-execute', '-c']],
] as const) {
  const installed = spawnSync(shell, ['--version']).status === 0;
  const skip = installed ? false : `${shell} is not installed here`;
  test(`${shell}: the script is one that ${shell} can read`, { skip }, async () => {
    const { stdout } = await inProcess(['completion', shell], { cwd: directory });
    const ran = spawnSync(shell, [...check, stdout]);
    assert.equal(ran.stderr.toString(), '');
    assert.equal(ran.status, 0);
  });
}

test('every script names every command and option', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await inProcess(['completion', shell], { cwd: directory });
    for (const { commands, options } of placesOf(createProgram(() => async () => {}))) {
      for (const { word } of commands) assert.ok(stdout.includes(word), `${shell}: ${word}`);
      for (const { word } of options) {
        assert.ok(stdout.includes(shell === 'fish' ? `-l ${word.slice(2)}` : word), word);
      }
    }
  }
});

test('a shell that nobody knows is a mistake that names those that are', async () => {
  const ran = await inProcess(['completion', 'tcsh'], { cwd: directory });
  assert.equal(ran.status, 2);
  assert.match(ran.stderr, /bash, zsh or fish/);
});
