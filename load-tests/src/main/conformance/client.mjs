// The client that the suite's mock servers meet: does for each scenario what that wants to watch.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const MODERN = '2026-07-28';
const SELF = { name: 'tallygate-conformance-client', version: '1.0.0' };

const call = (client, name, args = {}) => client.callTool({ name, arguments: args });

/** What each scenario wants done once the tools are listed, and what of the client is out of the ordinary. */
const SCENARIOS = {
  initialize: {},
  'request-metadata': { capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: {} }, lists: false },
  'json-schema-ref-no-deref': { legacy: true },
  tools_call: { run: (client) => call(client, 'add_numbers', { a: 5, b: 3 }) },
  'sse-retry': { run: (client) => call(client, 'test_reconnection') },
  'elicitation-sep1034-client-defaults': {
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    elicited: {},
    run: (client) => call(client, 'test_client_elicitation_defaults'),
  },
  'json-schema-2020-12-preservation': {
    run: (client, tools) => {
      const schema = tools.find((tool) => tool.name === 'json_schema_2020_12_tool').inputSchema;
      return call(client, 'json_schema_echo', { schema });
    },
  },
  'sep-2322-client-request-state': {
    undiscoverable: true,
    capabilities: { elicitation: {} },
    elicited: { confirmed: true },
    run: async (client) => {
      for (const name of ['test_mrtr_echo_state', 'test_mrtr_no_state', 'test_mrtr_unrelated']) {
        await call(client, name);
      }
      // A result that does not say of what type it is: the SDK refuses it.
      await call(client, 'test_mrtr_no_result_type').catch(() => {});
    },
  },
  'http-standard-headers': {
    undiscoverable: true,
    run: async (client, tools) => {
      await call(client, tools[0].name);
      const { resources } = await client.listResources();
      await client.readResource({ uri: resources[0].uri });
      const { prompts } = await client.listPrompts();
      await client.getPrompt({ name: prompts[0].name, arguments: {} });
    },
  },
  'http-custom-headers': {
    undiscoverable: true,
    run: async (client) => {
      for (const { name, arguments: args } of JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT).toolCalls) {
        await call(client, name, args);
      }
    },
  },
  'http-invalid-tool-headers': {
    undiscoverable: true,
    run: async (client, tools) => {
      for (const { name } of tools) {
        await call(client, name, { region: 'us-west1' }).catch(() => {});
      }
    },
  },
};

/** Answers `server/discover` here, for mocks that do not know it and yet want to be spoken to in the modern era. */
const discovering = async (url, init) => {
  const message = typeof init?.body === 'string' ? JSON.parse(init.body) : {};
  if (message.method !== 'server/discover') {
    return fetch(url, init);
  }
  const capabilities = { tools: {}, resources: {}, prompts: {} };
  const result = { resultType: 'complete', supportedVersions: [MODERN], capabilities, ttlMs: 0, cacheScope: 'private' };
  return Response.json({ jsonrpc: '2.0', id: message.id, result });
};

/** Plays the scenario that the suite named, against a URL. */
export async function play(url, headers = {}) {
  const scenario = SCENARIOS[process.env.MCP_CONFORMANCE_SCENARIO];
  if (scenario === undefined) {
    throw new Error(`no such scenario: ${process.env.MCP_CONFORMANCE_SCENARIO}`);
  }
  const modern = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION === MODERN && !scenario.legacy;
  const client = new Client(SELF, {
    capabilities: scenario.capabilities ?? {},
    versionNegotiation: { mode: modern ? 'auto' : 'legacy' },
  });
  if (scenario.elicited !== undefined) {
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: scenario.elicited }));
  }
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers },
    ...(scenario.undiscoverable && { fetch: discovering }),
  });
  await client.connect(transport);
  const tools = scenario.lists === false ? [] : (await client.listTools()).tools;
  await scenario.run?.(client, tools);
  await client.close();
}

if (process.argv[1] === import.meta.filename) {
  await play(process.argv.at(-1));
  process.exit(0);
}
