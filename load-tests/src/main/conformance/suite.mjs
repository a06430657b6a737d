// Runs the official suite and reads what it found.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const SUITE = resolve(import.meta.dirname, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const RESULTS = resolve(import.meta.dirname, 'results');
// No run takes half of it; each scenario has a limit of its own.
const RUN_MILLIS = 240_000;
// The time for a client, who may start a gate first, on a machine that has other work.
const CLIENT_MILLIS = 120_000;

/** A run of the suite: its exit code and what it printed, which is kept beside its results. */
async function suite(args, log) {
  // A group of its own, so that the clients which the suite starts end with it.
  const run = spawn(process.execPath, [SUITE, ...args], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = () => process.kill(-run.pid);
  const late = setTimeout(kill, RUN_MILLIS);
  process.once('exit', kill);
  let output = '';
  run.stdout.on('data', (piece) => (output += piece));
  run.stderr.on('data', (piece) => (output += piece));
  const [code] = await once(run, 'close');
  process.off('exit', kill);
  clearTimeout(late);
  if (log !== undefined) {
    writeFileSync(log, output);
  }
  return { code, output };
}

function emptyResults(name) {
  const directory = join(RESULTS, name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Every check of a run by its scenario and name, with a number if it comes again. Notes of the suite are no checks. */
function checksIn(directory, leg) {
  const checks = new Map();
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const scenario = new RegExp(`^(?:${leg}-)?(.+)-\\d{4}-\\d\\d-\\d\\dT[\\d-]+Z$`).exec(entry.name)?.[1];
    if (scenario === undefined) continue;
    for (const { id, status, errorMessage } of JSON.parse(readFileSync(join(directory, entry.name, 'checks.json'), 'utf8'))) {
      if (status === 'INFO') continue;
      let name = `${scenario} / ${id}`;
      for (let i = 2; checks.has(name); i++) name = `${scenario} / ${id} #${i}`;
      checks.set(name, { status, errorMessage });
    }
  }
  return checks;
}

/** The server leg, against a URL: whether all that is required passed, and every check. */
export async function serverLeg(url, revision, name) {
  const directory = emptyResults(`${name}-${revision}`);
  const args = ['server', '--url', url, '--requirements', revision, '-o', relative(import.meta.dirname, directory)];
  const { code } = await suite(args, join(directory, 'suite.log'));
  return { required: code === 0, checks: checksIn(directory, 'server') };
}

/** The client scenarios of a revision, required or not. */
export async function clientScenarios(revision) {
  const { output } = await suite(['list', '--client', '--requirements', revision]);
  const names = output.matchAll(/^ +- (\S+)(?: \[(\w+)\])?$/gm);
  const unscored = output.indexOf('Run and reported');
  const clientFrom = output.indexOf('Client scenarios');
  return [...names]
    .filter(({ index, 2: leg }) => (index > unscored ? leg === 'client' : index > clientFrom))
    .map(([, scenario]) => scenario);
}

/** One scenario of the client leg: the suite starts a mock server, and the script against it. */
export async function clientLeg(script, scenario, revision, name) {
  const directory = emptyResults(`${name}-${revision}-${scenario.replaceAll('/', '-')}`);
  const args = ['client', '--command', `${relative(import.meta.dirname, process.execPath)} ${script}`];
  args.push('--scenario', scenario, '--spec-version', revision, '--timeout', String(CLIENT_MILLIS));
  args.push('-o', relative(import.meta.dirname, directory));
  const { code } = await suite(args, join(directory, 'suite.log'));
  return { required: code === 0, checks: checksIn(directory, 'client') };
}
