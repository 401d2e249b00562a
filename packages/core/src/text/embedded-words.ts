/** The words of the embedded corpus, by the parts they play in its stories. */

const list = (words: string): readonly string[] => words.split(' ');

export const GIRLS = list('anna bella clara daisy emma fiona greta hanna ivy julia lucy mary nora olive rosa');
export const BOYS = list('adam ben carl david eric felix george henry jack leo max paul peter simon tom');
export const GIRL_ROLES = list('girl woman queen princess aunt');
export const BOY_ROLES = list('boy man king prince uncle');
/** One and many. */
export const ANIMALS = {
  one: list('fox wolf bear horse cat dog goose mouse rabbit duck frog goat pig lion'),
  many: list('foxes wolves bears horses cats dogs geese mice rabbits ducks frogs goats pigs lions'),
} as const;

/** After `a`, and after `an`. */
export const TRAITS = {
  a: list('brave clever kind lazy quiet young shy tall proud funny gentle little strong poor clumsy noisy'),
  an: list('old honest eager odd elegant'),
} as const;
export const COLOURS = {
  a: list('red blue green white black yellow brown pink grey'),
  an: list('orange ivory'),
} as const;
export const MOODS = list(
  'happy sad tired hungry angry afraid cold warm bored calm glad sorry ill late lonely ready safe excited',
);
export const DEGREES = list('very so quite always often never');
export const NUMBERS = list('two three four five six seven');

export const THINGS = {
  a: list('ball book lamp hat key boat box coat drum kite bell cup chair basket rope'),
  an: list('umbrella axe apron'),
  many: list(
    'balls books lamps hats keys boats boxes coats drums kites bells cups chairs baskets ropes umbrellas axes aprons',
  ),
} as const;
export const FOODS = list('bread cheese honey soup rice cake fruit corn milk butter jam tea meat fish salad pie');
export const PLACES = list(
  'forest river village garden market castle school mill farm field bridge house hill lake cave tower barn beach church cabin palace shop street valley desert island station park kitchen harbour',
);
export const PLACE_TRAITS = list('big small dark empty distant famous pretty silent');
export const FOOD_TRAITS = list('hot fresh sweet good salty rich');
export const ADVERBS = list('today again alone slowly quickly together now outdoors');
export const TIMES = list('morning evening night spring summer autumn winter');
export const SKY = {
  one: list('sun moon wind rain snow'),
  many: list('stars clouds birds trees flowers'),
} as const;
export const SKY_TRAITS = list('bright beautiful soft wonderful strange lovely');

/** Verbs as plurals and bare forms have them, and with a single subject. */
export const VERBS = {
  go: {
    many: list('walk run hurry come return ride swim jump'),
    one: list('walks runs hurries comes returns rides swims jumps'),
  },
  eat: { many: list('eat taste share smell bring cook'), one: list('eats tastes shares smells brings cooks') },
  meet: {
    many: list('meet see hear follow greet help know'),
    one: list('meets sees hears follows greets helps knows'),
  },
  keep: {
    many: list('hide carry paint clean drop love wash'),
    one: list('hides carries paints cleans drops loves washes'),
  },
  find: { many: list('find buy make want need sell'), one: list('finds buys makes wants needs sells') },
  rest: {
    many: list('sleep sing dance wait play work rest'),
    one: list('sleeps sings dances waits plays works rests'),
  },
} as const;
export type VerbKind = keyof typeof VERBS;

export const TOWARDS = list('to through into from across around');
export const NEARBY = list('near behind in outside');
