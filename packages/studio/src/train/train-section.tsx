/** The second section: what to learn, for how long, and how it goes. */
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { EmptyState } from '../components/notes.tsx';
import type { Project } from '../project.ts';
import { goTo } from '../router.ts';
import '../styles/train.css';
import { KeptRuns } from './kept-runs.tsx';
import { RunForm } from './run-form.tsx';
import { RunPanel } from './run-panel.tsx';
import { TrainDesk } from './train-desk.ts';
import { TrainError } from './train-error.tsx';

export function TrainSection({ project }: { readonly project: Project }) {
  const [desk] = useState(() => new TrainDesk(project));
  useEffect(() => {
    void desk.refresh();
    // Another tab or section may have trained, or deleted a run.
    const look = () => {
      if (document.visibilityState === 'visible' && !desk.isBusy) void desk.refresh();
    };
    document.addEventListener('visibilitychange', look);
    addEventListener('focus', look);
    addEventListener('hashchange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('focus', look);
      removeEventListener('hashchange', look);
    };
  }, [desk]);
  const data = project.data.value;
  const live = desk.live.value;
  const isBusy = live !== undefined && ['preparing', 'training', 'paused'].includes(live.phase);
  return (
    <div class="section">
      <div class="section-head">
        <h1>Train a model</h1>
        <p>
          It runs in workers of this tab and is kept in this browser: close the tab, and go on later from the last save.
        </p>
      </div>
      {desk.error.value !== undefined && <TrainError error={desk.error.value} />}
      {live && <RunPanel desk={desk} live={live} />}
      {!isBusy && data && <RunForm key={data.name} project={project} desk={desk} data={data} />}
      {!isBusy && !data && (
        <EmptyState title="There are no texts to learn from yet">
          <p>Bring a file, paste some text, or take the stories that Studio can write.</p>
          <Button kind="primary" onClick={() => goTo('data')}>
            Choose data
          </Button>
        </EmptyState>
      )}
      <KeptRuns
        desk={desk}
        onTry={(id) => {
          project.chosen.value = id;
        }}
      />
    </div>
  );
}
