// Where the process is: arguments, environment, terminal, signals, exit status. Everything else gets a Host.
// The first Ctrl-C (or SIGTERM, SIGHUP) asks the command to stop and puts everything back; the second ends us at once.
import { failure } from '@stillpoint/core';
import type { Channel } from '../output/output.ts';
import type { Host } from './host.ts';
import { runCommand } from './program.ts';

/** Nobody presses a key twice in less. */
const SAME_SIGNAL_MS = 150;

const stops = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function watchLauncher(): void {
  // Started by a launcher on an older Node: when it is killed, the channel closes, and so do we, as abruptly.
  if (!process.connected) return;
  process.channel?.unref();
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}

function createHost(doing: string): Host {
  const controller = new AbortController();
  let receiver: ((signal: NodeJS.Signals) => void) | undefined;
  let lastSignalMs = -Infinity;
  for (const signal of stops) {
    process.on(signal, () => {
      // Sent to a whole process group it comes twice when a launcher passes it on: once directly, once from there.
      const now = performance.now();
      const again = now - lastSignalMs < SAME_SIGNAL_MS;
      lastSignalMs = now;
      if (again) return;
      if (receiver !== undefined) receiver(signal);
      else if (controller.signal.aborted) process.kill(process.pid, 'SIGKILL');
      else {
        controller.abort(failure('INTERRUPTED', { doing }));
        if (process.stderr.isTTY)
          process.stderr.write(
            '\r\u001b[KStopping and putting everything back; once more ends it at once.\n',
          );
      }
    });
  }
  return {
    cwd: process.cwd(),
    environment: process.env,
    stdout: channelOf(process.stdout),
    stderr: channelOf(process.stderr),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    async ask(question, signal) {
      const { createInterface } = await import('node:readline/promises');
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      lines.on('SIGINT', () => process.emit('SIGINT'));
      try {
        return await lines.question(question, { signal });
      } catch (error) {
        // Ctrl-D: the person leaves instead of answering.
        if (signal.aborted) throw error;
        process.stderr.write('\n');
        throw failure('INTERRUPTED', { doing });
      } finally {
        lines.close();
      }
    },
    signal: controller.signal,
    handSignalsTo: (given) => {
      receiver = given;
    },
    dieBy(signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
      // A signal that this process cannot die by (SIGSTOP, or one that is ignored): say it with the status.
      process.exit(1);
    },
    now: () => new Date(),
  };
}

function channelOf(stream: NodeJS.WriteStream): Channel {
  // `stillpoint list | head` closes the pipe early; that is no failure. Nor may it end us: a restore goes on when nobody listens.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream === process.stderr || error.code === 'EPIPE' || process.exitCode === 1) return;
    process.exitCode = 1;
    process.stderr.write(`stillpoint: what was asked for could not be written: ${error.message}\n`);
  });
  return {
    write: (text) => stream.write(text),
    drained: () =>
      new Promise((resolve) => {
        if (stream.destroyed) resolve(false);
        else stream.write('', (error) => resolve(error === null || error === undefined));
      }),
    terminal: stream.isTTY,
    columns: () => (stream.isTTY ? stream.columns : 100),
  };
}

watchLauncher();
const args = process.argv.slice(2);
const status = await runCommand(
  args,
  createHost(`running stillpoint ${args.find((word) => !word.startsWith('-')) ?? ''}`.trim()),
);
// A pipe takes what is written bit by bit; leaving before would cut a long list short.
await Promise.all([process.stdout, process.stderr].map(written));
// Leaving waits for the threads of Node, and one that asks a file system that says nothing never ends. A signal then ends us as it would
// any program.
for (const signal of stops) process.removeAllListeners(signal);
process.exit(status === 0 ? (process.exitCode ?? 0) : status);

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
