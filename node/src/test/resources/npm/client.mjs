// Drives the TypeScript SDK: reads {url, era, headers, operations} from stdin, runs the operations
// in order over one connection, and prints {connected, version, results} to stdout.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { url, era, headers, operations } = JSON.parse(Buffer.concat(chunks).toString('utf8'));

const failure = (error) => ({
  name: error.name,
  code: error.code ?? null,
  status: error.status ?? error.data?.status ?? null,
  message: error.message,
  data: error.data ?? null,
});

const client = new Client(
  { name: 'tallygate-tests', version: '1.0.0' },
  { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } },
);
const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
const output = { connected: false, results: [] };
try {
  await client.connect(transport);
  output.connected = true;
  output.version = client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion ?? null;
  for (const { operation, params } of operations) {
    try {
      output.results.push({ result: await client[operation](params) });
    } catch (error) {
      output.results.push({ error: failure(error) });
    }
  }
} catch (error) {
  output.error = failure(error);
}
// Large answers are cut where the process exits before the pipe has taken them.
process.stdout.write(JSON.stringify(output), async () => {
  await client.close().catch(() => {});
  process.exit(0);
});
