/** The page's entry: makes what lives as long as the page, once, and hands it to the shell. */

import siteModels from 'virtual:site-models';
import { render } from 'preact';
import { App } from './app.tsx';
import { restoreData } from './data/kept-data.ts';
import { Project } from './project.ts';
import { followAddress } from './router.ts';
import { refreshRuns } from './runs/kept-runs.ts';
import { fromSite } from './site-models.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/components.css';
import './styles/bars.css';
import './styles/tables.css';
import './styles/motion.css';
import { keptTheme } from './theme.ts';

/** The longest that the first look waits for what is kept. */
const STORAGE_MS = 300;

const root = document.getElementById('app');
if (root) {
  const theme = keptTheme();
  const project = new Project(siteModels.map(fromSite));
  // Before the first look, so that nothing is said to be missing that is there; a slow disk is not waited for.
  await Promise.race([restoreData(project), new Promise((resolve) => setTimeout(resolve, STORAGE_MS))]);
  // Where there is no storage there are no runs; Train says why.
  refreshRuns(project).catch(() => {});
  render(<App project={project} section={followAddress()} theme={theme} />, root);
}
