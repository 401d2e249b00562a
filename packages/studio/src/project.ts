/** What the sections share: the data, the models at hand, which of them is looked at, and how far one has come. */
import type { DescribedInput, Metrics, ModelConfig } from '@lacuna/client/training';
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';

export const SECTIONS = ['data', 'train', 'try', 'distil', 'publish'] as const;
export type SectionId = (typeof SECTIONS)[number];

export type Task = 'fill-mask' | 'classification';

/** Any model at hand: one of the site's, a kept run, a student, an opened file. */
export interface StudioModel {
  /** Unique, and the same after a reload: `site:lacuna-fill`, `run:NAME`, `file:NAME`. */
  readonly id: string;
  /** What people read. */
  readonly name: string;
  readonly task: Task;
  /** Of a classifier. */
  readonly labels?: readonly string[];
  readonly config: ModelConfig;
  readonly parameters: number;
  /** One line on what it is, where that is known. */
  readonly description?: string;
  /** Held-out figures, where it was scored. */
  readonly metrics?: Metrics;
  /** Of a kept run: when its weights were last saved, in milliseconds since 1970. */
  readonly savedAt?: number;
  /** Of a distilled student. */
  readonly teacherId?: string;
  /** The one-file artifact: int8 unless told, float where `none`. A model of the site or a file comes as it is. */
  artifact(quantization?: 'int8' | 'none'): Promise<Blob>;
}

export interface LabelledRow {
  readonly text: string;
  readonly label: string;
}

/** What a data set is warned of; none of them stops training. */
export interface DataWarning {
  readonly code: 'duplicates' | 'empty' | 'little_text' | 'one_label' | 'rare_labels' | 'unbalanced' | 'cut';
  readonly message: string;
}

export interface DataStatistics {
  /** Texts that are not empty: lines, or rows. */
  readonly texts: number;
  readonly words: number;
  readonly characters: number;
  /** Texts that stood there before. */
  readonly duplicates: number;
  readonly empty: number;
  /** Texts by their number of tokens: how many have at least `from` and fewer than the next one's `from`. */
  readonly lengths: readonly { readonly from: number; readonly count: number }[];
  /** Of labelled rows: how many rows a label has, the most frequent first. */
  readonly labels: readonly { readonly label: string; readonly count: number }[];
}

interface CommonData {
  readonly name: string;
  readonly statistics: DataStatistics;
  readonly warnings: readonly DataWarning[];
  /** What training reads: for `text` and `data` of `createTrainer`. Plain lines, or JSON lines with `text` and `label`. */
  readonly train: DescribedInput;
  /** Texts in `train`. */
  readonly trainTexts: number;
}

/** Plain text, a paragraph a line. */
export interface TextDataSet extends CommonData {
  readonly kind: 'text';
  /** A seeded share that training never reads: what is evaluated on, and compared on. */
  readonly heldOut: readonly string[];
}

export interface LabelledDataSet extends CommonData {
  readonly kind: 'labelled';
  /** The labels' names, sorted as training sorts them. */
  readonly labels: readonly string[];
  readonly heldOut: readonly LabelledRow[];
}

export type DataSet = TextDataSet | LabelledDataSet;

/** The held-out texts of either kind. */
export function heldOutTexts(data: DataSet): readonly string[] {
  return data.kind === 'text' ? data.heldOut : data.heldOut.map(({ text }) => text);
}

/** Something that computes for a while: the header shows it, and leaving the page asks first. */
export interface Activity {
  readonly section: SectionId;
  readonly what: string;
  /** 0 to 1, where it is known. */
  readonly fraction?: number;
}

export class Project {
  readonly data: Signal<DataSet | undefined> = signal(undefined);
  readonly models: Signal<readonly StudioModel[]>;
  /** The id of the model that Try, Distil and Publish start from. */
  readonly chosen: Signal<string | undefined> = signal(undefined);
  readonly chosenModel: ReadonlySignal<StudioModel | undefined>;
  /** At most one run trains in this tab. */
  readonly activity: Signal<Activity | undefined> = signal(undefined);
  /** Sections whose work has been done once: ticks in the header. */
  readonly reached: Signal<ReadonlySet<SectionId>> = signal(new Set());

  constructor(siteModels: readonly StudioModel[] = []) {
    this.models = signal(siteModels);
    this.chosenModel = computed(() => this.model(this.chosen.value));
  }

  model(id: string | undefined): StudioModel | undefined {
    return this.models.value.find((model) => model.id === id);
  }

  /** Adds a model, or puts it in the place of the one with its id. */
  addModel(model: StudioModel): void {
    const others = this.models.value.filter(({ id }) => id !== model.id);
    this.models.value = [...others, model];
  }

  removeModel(id: string): void {
    this.models.value = this.models.value.filter((model) => model.id !== id);
    if (this.chosen.value === id) this.chosen.value = undefined;
  }

  reach(section: SectionId): void {
    if (!this.reached.value.has(section)) this.reached.value = new Set([...this.reached.value, section]);
  }
}
