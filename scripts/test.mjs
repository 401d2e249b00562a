/**
 * `npm test`: everything that shows the project works, from the install to the fresh-clone road.
 * Lint and each typecheck count as one check; the last line is `N passed, N failed` and the exit code says the same.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, install, node24, root, run } from './setup.mjs';

const totals = { passed: 0, failed: 0 };
const failures = [];

install();
findBrowser();
await check('lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '.']);
for (const project of ['tsconfig.json', 'packages/worker/tsconfig.json', 'packages/studio/tsconfig.json']) {
  if (existsSync(join(root, project))) {
    await check(`types of ${project}`, 'node_modules/typescript/bin/tsc', ['-p', project]);
  }
}
await unitTests();
await check('fresh clone', 'tests/fresh-clone.mjs', []);

for (const name of failures) console.log(`failed: ${name}`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

/** Runs one script under Node 24 and counts its exit code as a single check. */
async function check(name, script, args) {
  console.log(`\n── ${name}`);
  const code = await run(node24, [join(root, script), ...args]);
  count(name, code === 0);
}

function count(name, passed) {
  totals[passed ? 'passed' : 'failed'] += 1;
  if (!passed) failures.push(name);
}

/** All Vitest projects; each test counts, and so does a file that could not even be loaded. */
async function unitTests() {
  console.log('\n── tests');
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-test-'));
  const report = join(folder, 'report.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run(node24, [join(root, 'node_modules/vitest/vitest.mjs'), ...args]);
  const before = totals.failed;
  if (existsSync(report)) {
    for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
      for (const test of file.assertionResults) {
        if (test.status === 'passed' || test.status === 'failed') count(test.fullName, test.status === 'passed');
      }
      const anyFailed = file.assertionResults.some((test) => test.status === 'failed');
      if (file.status === 'failed' && !anyFailed) count(`${file.name} (did not load)`, false);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  // An unhandled error or a crash fails the run without failing a test.
  if (code !== 0 && totals.failed === before) count('the test run itself', false);
}

/** The browser tests drive the system's Chromium; on Debian as root it is installed, elsewhere we say what to do. */
function findBrowser() {
  const known = ['chromium', 'chromium-browser', 'google-chrome'];
  const found = () => known.some((name) => spawnSync('which', [name], { stdio: 'ignore' }).status === 0);
  if (process.env.LACUNA_BROWSER !== undefined || process.platform !== 'linux' || found()) return;
  if (process.getuid() === 0 && existsSync('/etc/debian_version')) {
    console.error('Installing Chromium for the browser tests …');
    const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (apt('install', '-y', 'chromium').status !== 0) {
      apt('update');
      apt('install', '-y', 'chromium');
    }
  }
  if (!found()) {
    fail('test: expected Chromium on the path, found none. Install it, e.g. `sudo apt-get install -y chromium`.');
  }
}
