// Runs the suite direct and through the gate in all its variants, compares check by check, and reports.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startFixture } from './fixture.mjs';
import { audited, startGate } from './gate.mjs';
import { startHop } from './hop.mjs';
import { UNUSED_TOOL } from './offering.mjs';
import { clientLeg, clientScenarios, serverLeg } from './suite.mjs';

const HOME = resolve(import.meta.dirname, '../../..');
const PAGE = join(HOME, 'docs/conformance.md');
const REVISIONS = ['2025-11-25', '2026-07-28'];
const quick = process.argv[2] === '--quick';

/** The ways through the gate: whether its policy hides a tool, how it listens, and what the hop speaks with it. */
const WAYS = [
  { name: 'through the gate' },
  { name: 'with a hidden tool', hides: true },
  { name: 'asked for gzip and br', hides: true, hop: { acceptEncoding: 'gzip, br' } },
  { name: 'over HTTP/2', hides: true, listen: { h2c: true }, hop: { http2: true } },
  { name: 'over TLS', hides: true, tls: true },
  { name: 'over HTTP/2 and TLS', hides: true, tls: true, hop: { http2: true } },
];

/** Scenarios that no gateway which ends authorization can be put into, and why. */
const NOT_THROUGH = /^auth\//;
const WHY_NOT =
  'the suite is the authorization server and watches the client get a token there; at the gate the client presents a grant, ' +
  'and what it presents goes no further';

const say = (line) => console.log(`conformance: ${line}`);
const began = Date.now();
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** What is to be ended, newest first, if the run is broken off. */
const open = [];
const keep = (thing) => {
  open.unshift(thing);
  return thing;
};
const end = async (thing) => {
  open.splice(open.indexOf(thing), 1);
  await thing.stop();
};
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  process.once(signal, async () => {
    say('ending');
    for (const thing of open) await thing.stop();
    process.exit(code);
  });
}

const faults = [];
const fault = (text) => {
  faults.push(text);
  say(`  FAULT: ${text}`);
};

const counted = (checks, status) => [...checks.values()].filter((check) => check.status === status).length;
const counts = ({ checks }) => ({ passed: counted(checks, 'SUCCESS'), failed: counted(checks, 'FAILURE') });
const shown = ({ passed, failed }) => `${passed} passed, ${failed} failed`;

/** Prints the checks that came out differently. */
function compare(title, direct, through) {
  const names = [...new Set([...direct.checks.keys(), ...through.checks.keys()])];
  const differing = names.filter((name) => direct.checks.get(name)?.status !== through.checks.get(name)?.status);
  for (const name of differing) {
    const [a, b] = [direct, through].map(({ checks }) => checks.get(name) ?? { status: 'absent' });
    say(`  ${name}: direct ${a.status}, through ${b.status}: ${b.errorMessage ?? a.errorMessage ?? ''}`);
  }
  if (differing.length > 0) {
    fault(`${title}: ${differing.length} checks differ`);
  }
  return differing.length;
}

/** Whether a client of this revision sees the tool that no scenario uses, and whether it can call it. */
async function seesUnusedTool(url, revision) {
  const mode = revision === '2026-07-28' ? { pin: revision } : 'legacy';
  const client = new Client({ name: 'probe', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  try {
    const { tools } = await client.listTools();
    const listed = tools.some((tool) => tool.name === UNUSED_TOOL);
    const called = await client.callTool({ name: UNUSED_TOOL, arguments: {} }).then(
      () => true,
      (refused) => {
        if (refused.code !== -32602) throw refused;
        return false;
      },
    );
    return { listed, called };
  } finally {
    await client.close();
  }
}

async function requireUnusedTool(title, url, revision, expected) {
  const seen = await seesUnusedTool(url, revision).catch((failure) => failure);
  const { listed, called } = seen;
  if (seen instanceof Error) {
    fault(`${title}: a client of our own failed: ${seen.message}`);
  } else if (listed !== expected || called !== expected) {
    fault(`${title}: the tool that is ${expected ? 'open' : 'hidden'} was listed: ${listed}, could be called: ${called}`);
  }
}

/** A certificate for loopback names, made for this run. */
function certificate() {
  const directory = join(import.meta.dirname, 'tls');
  mkdirSync(directory, { recursive: true });
  const files = { certificate: join(directory, 'certificate.pem'), key: join(directory, 'key.pem') };
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      .concat(['-subj', '/CN=localhost', '-addext', names, '-keyout', files.key, '-out', files.certificate]),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return files;
}

async function runDirect(fixture) {
  const results = {};
  for (const revision of REVISIONS) {
    const since = Date.now();
    const result = await serverLeg(fixture.url, revision, 'direct');
    say(`${revision} direct: ${shown(counts(result))} (${seconds(since)})`);
    if (!result.required) {
      fault(`${revision} direct: a required scenario failed, so the fixture is no measure`);
    }
    await requireUnusedTool(`${revision} direct`, fixture.url, revision, true);
    results[revision] = result;
  }
  return results;
}

/** One way through the gate, both revisions. */
async function runThrough(way, fixture, direct) {
  const tls = way.tls ? certificate() : undefined;
  const compressedBefore = fixture.compressed();
  const listen = { ...way.listen, ...(tls && { tls }) };
  const gate = keep(await startGate(fixture.url, { hidden: way.hides ? UNUSED_TOOL : undefined, listen }));
  const ca = tls && readFileSync(tls.certificate);
  const hop = keep(await startHop(gate.url, gate.token, { ...way.hop, ca }));
  const row = { name: way.name, differing: 0 };
  for (const revision of REVISIONS) {
    const title = `${revision} ${way.name}`;
    const since = Date.now();
    const result = await serverLeg(hop.url, revision, way.name.replaceAll(/\W+/g, '-'));
    say(`${title}: ${shown(counts(result))} (${seconds(since)})`);
    row[revision] = counts(result);
    row.differing += compare(title, direct[revision], result);
    await requireUnusedTool(title, hop.url, revision, !way.hides);
  }
  await end(hop);
  await end(gate);
  if (fixture.compressed() !== compressedBefore) {
    fault(`${way.name}: the gate let the server compress what it has to read`);
  }
  const { records, verified } = await audited(gate);
  if (!verified) {
    fault(`${way.name}: the audit log does not verify`);
  }
  row.records = records;
  return row;
}

/** Every client scenario direct and through a gate of its own. */
async function runClients() {
  const rows = [];
  for (const revision of REVISIONS) {
    const scenarios = await clientScenarios(revision);
    const through = scenarios.filter((scenario) => !NOT_THROUGH.test(scenario));
    const left = scenarios.filter((scenario) => NOT_THROUGH.test(scenario));
    const total = { direct: { passed: 0, failed: 0 }, through: { passed: 0, failed: 0 } };
    let differing = 0;
    for (const scenario of through) {
      const since = Date.now();
      const title = `${revision} client ${scenario}`;
      const a = await clientLeg('client.mjs', scenario, revision, 'client-direct');
      const b = await clientLeg('client-through-gate.mjs', scenario, revision, 'client-through');
      say(`${title}: direct ${shown(counts(a))}; through ${shown(counts(b))} (${seconds(since)})`);
      if (!a.required || a.checks.size === 0) {
        fault(`${title}: fails direct, so the client is no measure`);
      }
      differing += compare(title, a, b);
      for (const [column, result] of [['direct', a], ['through', b]]) {
        const { passed, failed } = counts(result);
        total[column].passed += passed;
        total[column].failed += failed;
      }
    }
    say(`${revision} client: left out, because ${WHY_NOT}: ${left.join(', ')}`);
    rows.push({ revision, scenarios: through.length, left: left.length, differing, ...total });
  }
  return rows;
}

const cell = ({ passed, failed }) => `${passed} / ${failed}`;

/** The tables of the page, in Markdown. */
function tables(direct, rows, clients) {
  const commit = spawnSync('git', ['-C', HOME, 'rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).stdout?.trim();
  const pinned = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')).dependencies;
  const suite = '@modelcontextprotocol/conformance';
  const lines = [
    '| | |',
    '| --- | --- |',
    `| date | ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC |`,
    `| commit | ${commit || 'unknown'} |`,
    `| suite | ${suite} ${pinned[suite]}, on Node ${process.version.slice(1)} |`,
    `| machine | ${cpus()[0].model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} |`,
    `| whole run | ${Math.round((Date.now() - began) / 1000)} s |`,
    '',
    'Checks of the server leg, passed / failed:',
    '',
    `| | ${REVISIONS.join(' | ')} | checks that differ from direct | audit records |`,
    `| --- | ${REVISIONS.map(() => '--: |').join(' ')} --: | --: |`,
    `| direct | ${REVISIONS.map((revision) => cell(counts(direct[revision]))).join(' | ')} | | |`,
    ...rows.map(
      (row) =>
        `| ${row.name} | ${REVISIONS.map((revision) => cell(row[revision])).join(' | ')} | ${row.differing} | ${row.records} |`,
    ),
  ];
  if (clients.length > 0) {
    lines.push(
      '',
      'Checks of the client leg, passed / failed:',
      '',
      '| | scenarios | direct | through the gate | checks that differ | scenarios left out (`auth/*`) |',
      '| --- | --: | --: | --: | --: | --: |',
      ...clients.map(
        (row) =>
          `| ${row.revision} | ${row.scenarios} | ${cell(row.direct)} | ${cell(row.through)} | ${row.differing} | ${row.left} |`,
      ),
    );
  }
  return lines.join('\n');
}

function writePage(text) {
  const [before, rest] = readFileSync(PAGE, 'utf8').split('<!-- results -->\n');
  const after = rest.split('<!-- end of results -->')[1];
  writeFileSync(PAGE, `${before}<!-- results -->\n\n${text}\n\n<!-- end of results -->${after}`);
  say(`wrote ${PAGE}`);
}

rmSync(join(import.meta.dirname, 'nodes'), { recursive: true, force: true });
const fixture = await startFixture();
say(`the fixture server is at ${fixture.url}`);
const direct = await runDirect(fixture);
if (fixture.compressed() === 0) {
  fault('direct: the fixture compressed nothing, so the run that asks for gzip shows nothing');
}
const rows = [];
for (const way of quick ? [WAYS.at(0), WAYS.at(-1)] : WAYS) {
  rows.push(await runThrough(way, fixture, direct));
}
const clients = quick ? [] : await runClients();
const text = tables(direct, rows, clients);
console.log(`\n${text}\n`);
if (faults.length > 0) {
  faults.forEach((each) => say(`FAULT: ${each}`));
  process.exit(1);
}
if (!quick) {
  writePage(text);
}
say(`no check differs (${seconds(began)})`);
process.exit(0);
