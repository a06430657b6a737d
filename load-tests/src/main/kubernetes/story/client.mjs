// Real MCP clients, on the published SDK, that call one tool: `client.mjs URL TOKEN TOOL LABEL CLIENTS CALLS INTERVAL_MS`.
// Each of the clients calls CALLS times, or until it is told to end by SIGTERM where that is 0; what became of all is printed as JSON.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [url, token, tool, label, clients, calls, interval] = process.argv.slice(2);
const became = { passed: 0, refused: 0, failed: 0, longestMillis: 0, refusals: {}, failures: {} };
let ended = false;
process.once('SIGTERM', () => (ended = true));

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

const count = (counts, text) => (counts[text] = (counts[text] ?? 0) + 1);

async function open() {
  const client = new Client({ name: 'story', version: '1.0.0' });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

async function call(client) {
  const began = performance.now();
  try {
    const result = await client.callTool({ name: tool, arguments: { code: label } });
    if (result.isError) {
      became.refused++;
      count(became.refusals, result.content[0].text.replace(/\d+ s/, '... s'));
    } else {
      became.passed++;
    }
  } catch (failure) {
    became.failed++;
    count(became.failures, `${failure.message} ${failure.cause?.message ?? ''}`.trim());
  }
  became.longestMillis = Math.max(became.longestMillis, Math.round(performance.now() - began));
}

async function run() {
  const client = await open();
  for (let done = 0; !ended && (Number(calls) === 0 || done < Number(calls)); done++) {
    await call(client);
    await pause(Number(interval));
  }
  await client.close();
}

await Promise.all(Array.from({ length: Number(clients) }, run));
console.log(JSON.stringify(became));
