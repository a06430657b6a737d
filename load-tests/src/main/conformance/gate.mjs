// A Tallygate node, as its launcher starts it, before one MCP server.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const HOME = resolve(import.meta.dirname, '../../..');
const NODES = resolve(import.meta.dirname, 'nodes');
const SERVER = 'fixture';
const START_MILLIS = 60_000;
const STOP_MILLIS = 20_000;

// Ends the node when its own stdin ends, and so whenever the process that started it is gone, however that went.
const LEASH = '"$@" </dev/null & node=$!; trap "kill $node; wait $node" EXIT; read -r || true';

/** What a node wrote to its log, for a message that says why. */
const logOf = (directory) => readFileSync(join(directory, 'node.log'), 'utf8');

/**
 * Starts a node with audit on, whose one grant may do everything but call the tool that is to be hidden, if any.
 *
 * @param upstream the URL of the MCP server
 * @param options `hidden`, the tool; `listen`, more of the configuration's `listen`; `trust` in the server
 * @returns `url` of the MCP endpoint, the `token` of the grant, `directory` of its files, and `stop()`
 */
export async function startGate(upstream, { hidden, listen, trust } = {}) {
  mkdirSync(NODES, { recursive: true });
  const directory = mkdtempSync(join(NODES, 'node-'));
  const token = `tg_${randomBytes(32).toString('base64url')}`;
  const policy = { version: '1', default: 'allow', ...(hidden && { hide: [hidden] }) };
  // JSON is YAML too.
  const config = {
    name: 'conformance',
    listen: { host: '127.0.0.1', port: 0, ...listen },
    admin: { host: '127.0.0.1', port: 0 },
    servers: { [SERVER]: { url: upstream, ...(trust && { trust }) } },
    policies: { everything: { file: 'policy.json' } },
    grants: [
      {
        label: 'suite',
        server: SERVER,
        policy: 'everything',
        tokenSha256: createHash('sha256').update(token).digest('hex'),
      },
    ],
    audit: { file: 'audit.jsonl' },
  };
  writeFileSync(join(directory, 'policy.json'), JSON.stringify(policy, null, 2));
  writeFileSync(join(directory, 'tallygate.yaml'), JSON.stringify(config, null, 2));

  const command = [join(HOME, 'tallygate'), 'serve', '--config', join(directory, 'tallygate.yaml')];
  const node = spawn('bash', ['-c', LEASH, 'leash', ...command], {
    // Ctrl-C is for the run, which ends its nodes itself.
    detached: true,
    stdio: ['pipe', 'pipe', openSync(join(directory, 'node.log'), 'w')],
  });
  const ended = once(node, 'exit');
  const stop = async () => {
    node.stdin.end();
    const late = setTimeout(() => process.kill(-node.pid, 'SIGKILL'), STOP_MILLIS);
    await ended;
    clearTimeout(late);
  };
  const ready = createInterface({ input: node.stdout })[Symbol.asyncIterator]().next();
  const late = new Promise((resolve) => setTimeout(resolve, START_MILLIS, { done: true }).unref());
  const line = await Promise.race([ready, late]);
  if (line.done) {
    await stop();
    throw new Error(`the gate did not start:\n${logOf(directory)}`);
  }
  return { url: `${JSON.parse(line.value).listen}/mcp/${SERVER}`, token, directory, stop };
}

/** How many records the audit log of a node that has ended holds, and whether its chain does. */
export async function audited({ directory }) {
  const file = join(directory, 'audit.jsonl');
  const verify = spawn(join(HOME, 'tallygate'), ['audit', 'verify', file], { stdio: 'ignore' });
  const [code] = await once(verify, 'exit');
  return { records: readFileSync(file, 'utf8').trimEnd().split('\n').length, verified: code === 0 };
}
