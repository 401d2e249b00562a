/** The `lacuna` command: finds the command asked for, runs it, prints its answer or its error. */
import { LacunaError } from '@lacuna/core/errors';
import { parseLine } from './arguments.ts';
import { type Answer, UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { commandHelp, overview } from './help.ts';
import { listenForInterrupt } from './interrupt.ts';
import { runFacts, version } from './machine.ts';
import { Progress } from './progress.ts';

// A terminal that was closed, or a pipe that nobody reads, must not end a run before its checkpoint is saved.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await main(process.argv.slice(2));
// A thread that a command leaves behind must not keep the process, and what was printed must be out before it ends.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
process.exit();

async function main(line: readonly string[]): Promise<number> {
  try {
    return await dispatch(line);
  } catch (error) {
    return report(error, line.includes('--json'));
  }
}

async function dispatch(line: readonly string[]): Promise<number> {
  const [name, ...rest] = line;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(overview(version(), COMMANDS));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    console.log(version());
    return 0;
  }
  const entry = COMMANDS.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const known = COMMANDS.map((candidate) => candidate.name).join(', ');
    throw new UsageError(`lacuna: expected a command (${known}), got ${JSON.stringify(name)}.`, { command: name });
  }
  const command = await entry.load();
  const { options, positionals, given, json, help } = parseLine(command, rest);
  if (help) {
    console.log(commandHelp(command));
    return 0;
  }
  const progress = new Progress(process.stderr);
  const interrupt = listenForInterrupt(process, () => {
    progress.note('Stopping at the next good moment; press Ctrl-C once more to end at once.');
  });
  try {
    const answer = await command.run(options, positionals, { json, progress, signal: interrupt.signal, given });
    progress.clear();
    print(answer, json);
    return answer.exitCode ?? 0;
  } finally {
    progress.clear();
    interrupt.stop();
  }
}

function print(answer: Answer, json: boolean): void {
  if (json) {
    if (answer.fields !== undefined) console.log(JSON.stringify({ ...runFacts(), ...answer.fields }));
  } else if (answer.text !== '') console.log(answer.text);
}

/** Prints an error the way its reader wants it; 2 for a wrong command line, 130 after Ctrl-C, else 1. */
function report(error: unknown, json: boolean): number {
  const known = error instanceof LacunaError;
  const code = known ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  if (json) console.log(JSON.stringify({ ...runFacts(), error: { code, message } }));
  else console.error(`error[${code}]: ${message}`);
  if (!known && error instanceof Error && process.env.LACUNA_DEBUG !== undefined) console.error(error.stack);
  if (error instanceof UsageError) return 2;
  return code === 'aborted' ? 130 : 1;
}
