/** The table of commands; each is loaded only when asked for, so that `lacuna --help` starts at once. */
import type { Command, Options } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command<Options>>;
}

/** `run` takes exactly the values that parsing its own options gives, so a command may stand for any command. */
const general = <O extends Options>(command: Command<O>): Command<Options> => command as unknown as Command<Options>;

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'tokenizer',
    summary: 'train a vocabulary by itself, for models that share it',
    load: async () => general((await import('./commands/tokenizer.ts')).tokenizer),
  },
  {
    name: 'pretrain',
    summary: 'train a masked autoencoder on text',
    load: async () => general((await import('./commands/pretrain.ts')).pretrain),
  },
  {
    name: 'finetune',
    summary: 'teach a pre-trained model to classify texts',
    load: async () => general((await import('./commands/finetune.ts')).finetune),
  },
  {
    name: 'relabel',
    summary: 'give labelled texts the labels of another task',
    load: async () => general((await import('./commands/relabel.ts')).relabel),
  },
  {
    name: 'teach',
    summary: 'let classifiers label texts and variants of them, for a student',
    load: async () => general((await import('./commands/teach.ts')).teach),
  },
  {
    name: 'distill',
    summary: 'train a smaller student from a teacher',
    load: async () => general((await import('./commands/distill.ts')).distill),
  },
  {
    name: 'pytorch',
    summary: 'pretrain or distill on a GPU, in PyTorch',
    load: async () => general((await import('./commands/pytorch.ts')).pytorch),
  },
  {
    name: 'evaluate',
    summary: 'measure a model on held-out text or labelled examples',
    load: async () => general((await import('./commands/evaluate.ts')).evaluate),
  },
  {
    name: 'ablation',
    summary: 'compare variants at equal time, with several seeds and intervals',
    load: async () => general((await import('./commands/ablation.ts')).ablation),
  },
  {
    name: 'baseline',
    summary: 'train and score a bag of words, to compare a classifier with',
    load: async () => general((await import('./commands/baseline.ts')).baseline),
  },
  {
    name: 'export',
    summary: 'write the one-file artifact that the edge serves',
    load: async () => general((await import('./commands/export.ts')).exportModel),
  },
  {
    name: 'curve',
    summary: 'take the learning curve out of a run’s log',
    load: async () => general((await import('./commands/curve.ts')).curve),
  },
  {
    name: 'results',
    summary: 'write the results page out of what was recorded',
    load: async () => general((await import('./commands/results.ts')).results),
  },
  {
    name: 'card',
    summary: "write an evaluation's figures into a model card",
    load: async () => general((await import('./commands/card.ts')).card),
  },
  {
    name: 'recipe',
    summary: 'make a model by its recipe, from data to artifact',
    load: async () => general((await import('./commands/recipe.ts')).recipe),
  },
  {
    name: 'fill-mask',
    summary: 'fill the gaps of a text',
    load: async () => general((await import('./commands/fill-mask.ts')).fillMask),
  },
  {
    name: 'classify',
    summary: 'label a text',
    load: async () => general((await import('./commands/classify.ts')).classify),
  },
  {
    name: 'serve',
    summary: 'serve models over HTTP on the real edge runtime',
    load: async () => general((await import('./commands/serve.ts')).serve),
  },
  {
    name: 'publish',
    summary: 'send a model to a running service',
    load: async () => general((await import('./commands/publish.ts')).publish),
  },
  {
    name: 'keys',
    summary: "make and revoke a service's API keys",
    load: async () => general((await import('./commands/keys.ts')).keys),
  },
  {
    name: 'bench',
    summary: 'measure kernels, training, the edge, or one objective against the other',
    load: async () => general((await import('./commands/bench.ts')).bench),
  },
];
