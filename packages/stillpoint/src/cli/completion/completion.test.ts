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
  const words = line.split(' ');
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = `source <(stillpoint completion bash)
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _stillpoint
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const cwd = path.join(directory, 'project');
  const ran = spawnSync('bash', ['--norc', '-c', script], { cwd, env: environment });
  assert.equal(ran.stderr.toString(), '');
  return ran.stdout.toString().split('\n').filter(Boolean).toSorted();
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
  for (const place of placesOf(createProgram(() => async () => {}))) {
    const line = `stillpoint${place.path.replaceAll('/', ' ')} --`;
    // One shell start for each would take long; the last of each place stands for its list.
    if (place.path.split('/').length > 2) continue;
    const last = place.options.map(({ word }) => word).filter((word) => word !== '');
    const options = offered(line);
    for (const word of last) assert.ok(options.includes(word), `${line} ${word}`);
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
