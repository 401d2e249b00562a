/** Publish: a model's file and card to keep, and the model at a service, asked from this page. */
import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { artifactName } from '../artifact-name.ts';
import { ModelPicker } from '../components/model-picker.tsx';
import { EmptyState, ErrorNote } from '../components/notes.tsx';
import type { Project } from '../project.ts';
import { exampleTexts } from '../try/examples.ts';
import { hideLongest, maskedText } from '../try/gap-text.ts';
import { LoadedModel } from '../try/loaded-model.ts';
import '../styles/publish.css';
import { CallView } from './call-view.tsx';
import { Downloads } from './downloads.tsx';
import { modelCard } from './model-card.ts';
import { useOnline } from './online.ts';
import { type Published, PushForm } from './push-form.tsx';
import { ServiceAccess, serviceAddress } from './service-access.ts';

export function PublishSection({ project }: { readonly project: Project }) {
  const access = useMemo(() => new ServiceAccess(location.origin, storage()), []);
  const loaded = useMemo(() => new LoadedModel(), []);
  const isOnline = useOnline();
  const model = project.chosenModel.value ?? project.models.value[0];
  const name = useMemo(() => signal(artifactName(model?.name ?? '')), [model?.id]);
  const description = useMemo(() => signal(model?.description ?? ''), [model?.id]);
  const published = useSignal<Published | undefined>(undefined);
  useEffect(() => {
    void loaded.show(model);
  }, [model]);
  const loading = loaded.loading.value;
  const facts = loading.state === 'ready' ? loading.model : undefined;
  const card =
    facts &&
    modelCard(facts, {
      name: name.value,
      description: description.value,
      data: project.data.value,
      teacher: project.model(model?.teacherId)?.name,
      address: serviceAddress(access.address.value) ?? location.origin,
    });
  const [example = ''] = model ? exampleTexts(project, model) : [];
  return (
    <div class="section">
      <header class="section-head">
        <h1>Publish a model</h1>
        <p>Keep the model as a file, or send it to a Lacuna service, where every program can ask it.</p>
      </header>
      <section class="card" aria-labelledby="publish-file">
        <h2 id="publish-file">The file and its card</h2>
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
        {loading.state === 'failed' && <ErrorNote error={loading.error} />}
        {model && <Downloads model={model} facts={facts} name={name.value || 'model'} card={card} />}
      </section>
      {model && (
        <section class="card" aria-labelledby="publish-service">
          <h2 id="publish-service">To a service</h2>
          <PushForm
            key={model.id}
            model={model}
            access={access}
            name={name}
            description={description}
            isOnline={isOnline}
            onPublished={(done) => {
              published.value = done;
              project.reach('publish');
            }}
          />
        </section>
      )}
      {published.value && (
        <section class="card" aria-labelledby="publish-call">
          <h2 id="publish-call">Ask it there</h2>
          <CallView
            key={`${published.value.address} ${published.value.version}`}
            published={published.value}
            apiKey={access.key.value.trim()}
            example={published.value.task === 'fill-mask' ? maskedText(hideLongest(example)) : example}
          />
        </section>
      )}
    </div>
  );
}

function storage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
