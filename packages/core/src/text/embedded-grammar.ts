/**
 * The grammar of the embedded corpus: stories about one hero or group. Who it is decides the pronouns, the possessives,
 * the verbs' endings and who is named again; `a` or `an` follows the next word; each kind of verb has its own objects.
 */
import { type Automaton, AutomatonBuilder, anyOf, maybe, type Phrase } from './automaton.ts';
import {
  ADVERBS,
  ANIMALS,
  BOY_ROLES,
  BOYS,
  COLOURS,
  DEGREES,
  FOOD_TRAITS,
  FOODS,
  GIRL_ROLES,
  GIRLS,
  MOODS,
  NEARBY,
  NUMBERS,
  PLACE_TRAITS,
  PLACES,
  SKY,
  SKY_TRAITS,
  THINGS,
  TIMES,
  TOWARDS,
  TRAITS,
  VERBS,
  type VerbKind,
} from './embedded-words.ts';

/** Ends a story; becomes the end of the line. */
export const STORY_END = '[SEP]';

/** Sentences after the first go on with this probability. */
const GO_ON = 0.72;

interface Hero {
  /** How the hero is named again: `anna`, `the fox`. */
  readonly name: Phrase;
  readonly first: Phrase;
  readonly pronoun: string;
  readonly possessive: string;
  readonly number: 'one' | 'many';
}

const PLACE: Phrase = ['the', maybe(0.5, anyOf(PLACE_TRAITS)), anyOf(PLACES)];
const FOOD: Phrase = [maybe(0.5, anyOf(FOOD_TRAITS)), anyOf(FOODS)];
const MANNER: Phrase = maybe(0.5, anyOf(ADVERBS));
const aTrait = (noun: Phrase): Phrase => article(TRAITS, noun);
const aThing: Phrase = {
  oneOf: [
    [1, article(COLOURS, anyOf([...THINGS.a, ...THINGS.an]))],
    [
      1,
      {
        oneOf: [
          [THINGS.a.length, ['a', anyOf(THINGS.a)]],
          [THINGS.an.length, ['an', anyOf(THINGS.an)]],
        ],
      },
    ],
  ],
};

/** `a` or `an`, one of the words that ask for it, and what follows. */
function article(words: { readonly a: readonly string[]; readonly an: readonly string[] }, noun: Phrase): Phrase {
  return [
    {
      oneOf: [
        [words.a.length, ['a', anyOf(words.a)]],
        [words.an.length, ['an', anyOf(words.an)]],
      ],
    },
    noun,
  ];
}

function heroes(): Hero[] {
  const person = (name: string, roles: readonly string[], pronoun: string, possessive: string): Hero => ({
    name,
    first: [name, 'is', aTrait(anyOf(roles)), 'from', PLACE, '.'],
    pronoun,
    possessive,
    number: 'one',
  });
  const traits = anyOf([...TRAITS.a, ...TRAITS.an]);
  return [
    ...GIRLS.map((name) => person(name, GIRL_ROLES, 'she', 'her')),
    ...BOYS.map((name) => person(name, BOY_ROLES, 'he', 'his')),
    ...ANIMALS.one.map(
      (animal): Hero => ({
        name: ['the', animal],
        first: ['there', 'is', aTrait(animal), 'in', PLACE, '.'],
        pronoun: 'it',
        possessive: 'its',
        number: 'one',
      }),
    ),
    ...ANIMALS.many.map(
      (animals): Hero => ({
        name: ['the', animals],
        first: ['there', 'are', anyOf(NUMBERS), traits, animals, 'in', PLACE, '.'],
        pronoun: 'they',
        possessive: 'their',
        number: 'many',
      }),
    ),
  ];
}

/** What the hero does, from the verb to before the full stop. */
function predicate({ number, possessive, pronoun }: Hero): Phrase {
  const verb = (kind: VerbKind): Phrase => anyOf(VERBS[kind][number]);
  const is = number === 'one' ? 'is' : 'are';
  const has = number === 'one' ? 'has' : 'have';
  return {
    oneOf: [
      [4, [verb('go'), anyOf(TOWARDS), PLACE, MANNER]],
      [3, [verb('eat'), anyOf(['some', 'more']), FOOD, MANNER]],
      [3, [verb('meet'), aTrait(anyOf(ANIMALS.one))]],
      [3, [verb('keep'), possessive, anyOf([...COLOURS.a, ...COLOURS.an]), anyOf([...THINGS.a, ...THINGS.an])]],
      [3, [verb('find'), aThing]],
      [2, [has, anyOf(NUMBERS), anyOf([...COLOURS.a, ...COLOURS.an]), anyOf(THINGS.many)]],
      [2, [verb('rest'), anyOf(NEARBY), PLACE, MANNER]],
      [3, [is, maybe(0.6, anyOf(DEGREES)), anyOf(MOODS)]],
      [2, [is, anyOf(MOODS), 'because', pronoun, has, anyOf(['no', 'more']), FOOD]],
    ],
  };
}

const SKY_SENTENCE: Phrase = [
  'the',
  {
    oneOf: [
      [1, [anyOf(SKY.one), 'is']],
      [1, [anyOf(SKY.many), 'are']],
    ],
  },
  anyOf(SKY_TRAITS),
  '.',
];

/** The language of all stories, each ended by `STORY_END`. */
export function storyAutomaton(): Automaton {
  const builder = new AutomatonBuilder();
  const start = builder.reserve();
  const choices = heroes().map((hero) => {
    const after = builder.reserve();
    const subject: Phrase = {
      oneOf: [
        [14, hero.pronoun],
        [1, hero.name],
      ],
    };
    const opening = maybe(0.3, {
      oneOf: [
        [2, ['in', 'the', anyOf(TIMES), ',']],
        [1, ['then']],
      ],
    });
    const sentence: Phrase = {
      oneOf: [
        [8, [opening, subject, predicate(hero), '.']],
        [1, SKY_SENTENCE],
      ],
    };
    builder.defineChoice(after, [
      { weight: GO_ON, phrase: sentence, next: after },
      { weight: 1 - GO_ON, phrase: STORY_END, next: start },
    ]);
    return { weight: 1, phrase: hero.first, next: after };
  });
  builder.defineChoice(start, choices);
  return builder.build(start);
}
