// stillpoint doctor
import type { Command } from 'commander';
import { failure } from '@stillpoint/core';
import type { DoctorReport, ResolvedConfig, Unloaded } from '@stillpoint/engine';
import path from 'node:path';
import { configFile, whereToLook, type CommandContext, type Runner } from './context.ts';
import { engineEnvironment } from './engine-environment.ts';

export function addDoctorCommand(program: Command, run: Runner): void {
  program
    .command('doctor')
    .summary('look at everything that snapshots and restores rest on')
    .description(
      'Looks at the configuration, every source, every participant, the vault and the programs that are needed, and says what to improve. It changes nothing, and suspends nobody.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint doctor\n\nThe exit status is 0 when nothing fails; warnings are allowed.',
    )
    .action(run((context) => doctor(context)));
}

async function doctor(context: CommandContext): Promise<void> {
  const { host, output } = context;
  const { examineProject } = await import('@stillpoint/engine');
  const { reportLines } = await import('./doctor-report.ts');
  const project = await load(context);
  const directory = 'error' in project ? project.directory : project.projectDirectory;
  const { examineDatabase } = await import('./examine-chambers.ts');
  const environment = {
    ...(await engineEnvironment(host.environment, directory)),
    examineDatabase,
  };
  const report = await examineProject(project, environment, context.call);
  output.result(report);
  // Whole lines where a program reads: it may look for them.
  const width = host.stdout.terminal ? output.width : Infinity;
  for (const line of reportLines(report, { style: output.style, now: host.now(), width })) {
    output.data(line);
  }
  if (report.failed > 0) {
    const checked = report.findings.length;
    throw failure('DOCTOR_FOUND_PROBLEMS', { failed: report.failed, checked });
  }
  sayNext(context, report);
}

/** A restore that died is not ended, as other commands do: nothing is changed here. */
async function load({ host, global }: CommandContext): Promise<ResolvedConfig | Unloaded> {
  const { findConfig, loadConfig } = await import('@stillpoint/engine');
  const { directory } = await whereToLook(host, global);
  let file: string | undefined;
  try {
    file = await configFile(host, global, findConfig);
    const stillpointModule = import.meta.resolve('stillpoint');
    return await loadConfig(file, { missingMembers: 'keep', stillpointModule });
  } catch (error) {
    return { directory: file === undefined ? directory : path.dirname(file), error };
  }
}

function sayNext({ output }: CommandContext, report: DoctorReport): void {
  const none = report.findings.some(
    ({ area, about, level }) => area === 'vault' && about === 'snapshots' && level === 'warn',
  );
  if (none) output.next('stillpoint snapshot', 'The first snapshot');
}
