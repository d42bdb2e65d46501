// stillpoint world
import { failure } from '@stillpoint/core';
import type { Command } from 'commander';
import path from 'node:path';
import type { Runner } from './context.ts';
import { loadSim } from './load-sim.ts';
import { findingText } from './run/findings.ts';

export function addWorldCommands(program: Command, run: Runner): void {
  const world = program
    .command('world')
    .summary('look at a world: show, lint')
    .description(
      'Shows what a world defines, and looks through its code for what would make two runs of it differ.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint world show ./terra\n  stillpoint world lint ./terra',
    );

  world
    .command('show')
    .summary('print what a world defines, with its identity')
    .description(
      'Prints the canonical form of a world: signals, entities, strata, eras, parameters, fields and assets.',
    )
    .argument('<world>', 'the directory of a world, or its file')
    .addHelpText('after', '\nExample:\n  stillpoint world show ./terra')
    .action(
      run(async ({ host, output }, _, [place]) => {
        const { describeWorld, identify, loadWorld } = await loadSim();
        const loaded = await loadWorld(path.resolve(host.cwd, place!));
        const identity = await identify(loaded);
        output.result({ ir: loaded.world.ir, identity });
        if (output.json) return;
        output.data(describeWorld(loaded.world.ir).trimEnd());
        output.data(`\nidentity  ${identity.hash}`);
      }),
    );

  world
    .command('lint')
    .summary('find what would make two runs of a world differ')
    .description(
      'Looks for clocks, random numbers of the host, functions that runtimes do not agree about, and state outside of the signals. Ends with status 1 if it finds any.',
    )
    .argument('<world>', 'the directory of a world, or its file')
    .addHelpText('after', '\nExample:\n  stillpoint world lint ./terra')
    .action(
      run(async ({ host, output }, _, [place]) => {
        const { lintWorld, loadWorld } = await loadSim();
        const findings = await lintWorld(await loadWorld(path.resolve(host.cwd, place!)));
        output.result(findings);
        for (const finding of findings) output.data(findingText(finding));
        if (findings.length > 0) throw failure('WORLD_LINT', { findings: findings.length });
        output.say('Nothing was found.');
      }),
    );
}
