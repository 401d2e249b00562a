import { loadModel } from '@lacuna/client/local';
import { createTrainer } from '@lacuna/client/training';

const [progress, answer] = ['progress', 'answer'].map((id) => document.getElementById(id) as HTMLOutputElement);

const trainer = createTrainer({
  task: 'pretrain',
  text: { embedded: { stories: 5000 } },
  lanes: 2,
  recipe: { budget: { steps: 60 } },
});
for await (const event of trainer.events) {
  if (event.type === 'progress' && progress) {
    progress.textContent = `step ${event.step}, loss ${event.loss.toFixed(2)}`;
  }
}
const model = await loadModel(await trainer.export());
const [candidates] = await model.fillMask('Tom is a [MASK] boy.');
if (answer) answer.textContent = (candidates ?? []).map(({ token_str }) => token_str).join(', ');
