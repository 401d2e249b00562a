/** The help pages, written from the same description that parsing reads. */
import { COMMON_OPTIONS, kebab } from './arguments.ts';
import type { Command, Option, Options } from './command.ts';
import { formatQuantity } from './quantity.ts';

const WIDTH = 100;

export function commandHelp(command: Command<Options>): string {
  const required = Object.entries(command.options)
    .filter(([, option]) => 'required' in option)
    .map(([name, option]) => ` ${optionTitle(name, option)}`)
    .join('');
  const positionals = (command.positionals ?? []).map((name) => ` ${name}`).join('');
  return [
    wrap(command.about, 0, WIDTH),
    '',
    `Usage: lacuna ${command.name}${positionals}${required} [options]`,
    '',
    'Options:',
    ...optionLines({ ...command.options, ...COMMON_OPTIONS }),
    '',
    'Examples:',
    ...command.examples.map((line) => `  ${line}`),
  ].join('\n');
}

/** The first page: what there is. */
export function overview(version: string, commands: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `lacuna ${version}: train masked-autoencoder language models, distil them, serve them at the edge.`,
    '',
    'Usage: lacuna COMMAND [options]',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'lacuna COMMAND --help shows the options of one. A first run, on a built-in corpus, takes a minute:',
    '  lacuna pretrain --text embedded --config tiny --minutes 1 --out runs/first',
  ].join('\n');
}

function optionTitle(name: string, option: Option): string {
  if (option.kind === 'flag') return `--${kebab(name)}`;
  const value =
    option.value ?? (option.kind === 'choice' ? option.choices.join('|') : option.kind === 'text' ? 'TEXT' : 'N');
  return `--${kebab(name)} ${value}${option.kind === 'list' ? '…' : ''}`;
}

function optionLines(options: Options): string[] {
  const titles = Object.entries(options).map(([name, option]) => [optionTitle(name, option), option] as const);
  const column = Math.min(28, Math.max(...titles.map(([title]) => title.length))) + 4;
  return titles.map(([title, option]) => {
    const about = wrap(option.about + defaultOf(option), column, WIDTH);
    const head = `  ${title}`;
    return head.length + 2 > column ? `${head}\n${' '.repeat(column)}${about}` : head.padEnd(column) + about;
  });
}

function defaultOf(option: Option): string {
  if (option.kind === 'flag') return '';
  if ('required' in option) return ' (required)';
  if (option.default === undefined) return '';
  const value = option.default;
  const shown = typeof value === 'number' && value >= 10_000 ? formatQuantity(value) : value;
  return ` (default: ${shown})`;
}

/** Breaks at spaces; every line but the first is indented. */
function wrap(text: string, indent: number, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.join(`\n${' '.repeat(indent)}`);
}
