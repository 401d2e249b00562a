import { describe, expect, it } from 'vitest';
import { parseLine } from './arguments.ts';
import { defineCommand, UsageError } from './command.ts';

const command = defineCommand({
  name: 'paint',
  about: 'Paints.',
  positionals: ['WALL', '[FLOOR]'],
  options: {
    colours: { kind: 'list', value: 'NAME', about: 'colours', required: true },
    brushWidth: { kind: 'number', about: 'width', default: 2.5, min: 1, max: 10 },
    coats: { kind: 'integer', about: 'coats' },
    finish: { kind: 'choice', choices: ['matt', 'gloss'], about: 'finish', default: 'matt' },
    dry: { kind: 'flag', about: 'dry' },
    note: { kind: 'text', about: 'note' },
  },
  examples: [],
  run: async () => ({ fields: {}, text: '' }),
});

const parse = (line: string) => parseLine(command, line.split(' '));

describe('parseLine', () => {
  it('reads every kind of option and leaves defaults where nothing is given', () => {
    const { options, positionals, json } = parse('north --coats 2k --dry --note=hello --colours red --json');
    expect(options).toMatchObject({
      colours: ['red'],
      brushWidth: 2.5,
      coats: 2000,
      finish: 'matt',
      dry: true,
      note: 'hello',
    });
    expect(positionals).toEqual(['north']);
    expect(json).toBe(true);
  });

  it('gives a list every word up to the next option, repeated or not', () => {
    const { options, positionals } = parse('north south --colours a b c --finish gloss --colours d');
    expect(options.colours).toEqual(['a', 'b', 'c', 'd']);
    expect(options.finish).toBe('gloss');
    expect(positionals).toEqual(['north', 'south']);
  });

  it('ends a list at --', () => {
    expect(parse('--colours a b -- north').positionals).toEqual(['north']);
  });

  it.each([
    ['north', '--colours must be NAME, got nothing'],
    ['--colours red', 'expected WALL [FLOOR], got none'],
    ['a b c --colours red', 'got "a" "b" "c"'],
    ['a --colours red --sheen 3', "Unknown option '--sheen'"],
    ['a --colours red --coats 1.5', '--coats must be an integer, got 1.5'],
    ['a --colours red --brush-width wide', '--brush-width must be a number, got "wide"'],
    ['a --colours red --brush-width 0', '--brush-width must be at least 1'],
    ['a --colours red --brush-width 11', '--brush-width must be at most 10'],
    ['a --colours red --finish wet', '--finish must be matt or gloss, got "wet"'],
    ['a --colours red --note x --note y', '--note must be given once, got 2 values'],
    ['a --colours red --note', "'--note <value>' argument missing"],
  ])('refuses %j', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  it('requires nothing with --help', () => {
    expect(parse('--help').help).toBe(true);
  });
});
