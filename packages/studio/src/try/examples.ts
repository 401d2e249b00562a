/** Texts to begin with: of the data that is at hand, or some that any English model can read. */
import { heldOutTexts, type Project, type StudioModel } from '../project.ts';

const FOR_GAPS = [
  'The river flows into the sea.',
  'She sat down at the table and ate.',
  'The old king had three daughters and a castle.',
];
const FOR_LABELS = [
  'A warm, funny and moving film.',
  'A dull film with one brilliant scene.',
  'I expected more of it, and left before the end.',
];
const MOST = 20;

/** Held-out texts of a length that is easy to read; those of the site come with texts of their own. */
export function exampleTexts(project: Project, model: StudioModel): readonly string[] {
  const general = model.task === 'fill-mask' ? FOR_GAPS : FOR_LABELS;
  const data = project.data.value;
  if (!data || model.id.startsWith('site:')) return general;
  const readable = heldOutTexts(data).filter((text) => {
    const words = text.trim().split(/\s+/).length;
    return words >= 4 && words <= 40;
  });
  return readable.length > 0 ? readable.slice(0, MOST) : general;
}
