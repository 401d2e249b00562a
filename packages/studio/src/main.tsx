/** The page's entry: makes what lives as long as the page, once, and hands it to the shell. */

import siteModels from 'virtual:site-models';
import { render } from 'preact';
import { App } from './app.tsx';
import { Project } from './project.ts';
import { followAddress } from './router.ts';
import { refreshRuns } from './runs/kept-runs.ts';
import { fromSite } from './site-models.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/components.css';
import './styles/tables.css';
import './styles/motion.css';
import { keptTheme } from './theme.ts';

const root = document.getElementById('app');
if (root) {
  const project = new Project(siteModels.map(fromSite));
  // Where there is no storage there are no runs; Train says why.
  refreshRuns(project).catch(() => {});
  render(<App project={project} section={followAddress()} theme={keptTheme()} />, root);
}
