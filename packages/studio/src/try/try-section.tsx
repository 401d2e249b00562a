/** Try: ask any model at hand and see what it answers, how fast, and why. */
import { useEffect, useMemo } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { ModelPicker } from '../components/model-picker.tsx';
import { EmptyState, ErrorNote } from '../components/notes.tsx';
import { bytes, whole } from '../format.ts';
import type { Project } from '../project.ts';
import '../styles/try.css';
import { ClassifierPlayground } from './classifier-playground.tsx';
import { exampleTexts } from './examples.ts';
import { FillMaskPlayground } from './fill-mask-playground.tsx';
import { LoadedModel } from './loaded-model.ts';

export function TrySection({ project }: { readonly project: Project }) {
  const loaded = useMemo(() => new LoadedModel(), []);
  const model = project.chosenModel.value ?? project.models.value[0];
  useEffect(() => {
    void loaded.show(model);
  }, [model]);
  useEffect(() => () => loaded.close(), []);
  const loading = loaded.loading.value;
  return (
    <div class="section">
      <header class="section-head">
        <h1>Try a model</h1>
        <p>It answers in this tab: nothing that you type leaves it.</p>
      </header>
      <section class="card try-card" aria-label="Playground">
        <ModelPicker
          project={project}
          value={model}
          onChange={(id) => {
            project.chosen.value = id;
          }}
        />
        {!model && (
          <EmptyState title="No model yet">
            <p>
              <a href="#train">Train one</a>, or open a file that was exported.
            </p>
          </EmptyState>
        )}
        {loading.state === 'loading' && (
          <p class="muted" role="status">
            Loading {model?.name}…
          </p>
        )}
        {loading.state === 'failed' && (
          <ErrorNote error={loading.error}>
            <div class="row">
              <Button
                onClick={() => {
                  loaded.close();
                  void loaded.show(model);
                }}
              >
                Try again
              </Button>
            </div>
          </ErrorNote>
        )}
        {loading.state === 'ready' && (
          <>
            <p class="small muted number">
              {whole(loading.model.parameters)} parameters · {bytes(loading.model.sizeBytes)} ·{' '}
              {loading.model.quantization === 'int8' ? 'int8' : 'float32'} · texts of up to {loading.model.maxTokens}{' '}
              tokens
            </p>
            {loading.of.task === 'fill-mask' ? (
              <FillMaskPlayground
                key={loading.of.id}
                model={loading.model}
                examples={exampleTexts(project, loading.of)}
                onAnswer={() => project.reach('try')}
              />
            ) : (
              <ClassifierPlayground
                key={loading.of.id}
                model={loading.model}
                examples={exampleTexts(project, loading.of)}
                onAnswer={() => project.reach('try')}
              />
            )}
          </>
        )}
      </section>
    </div>
  );
}
