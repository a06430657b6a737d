// An MCP server outside of the cluster, on the published SDK: `execute_code` and `code_execute` answer what they were given, and
// GET /count tells how many calls of each reached it, by the label that the caller put into `code`.
import { createServer } from 'node:http';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { toNodeHandler } from '@modelcontextprotocol/node';

const [host, port] = process.argv.slice(2);
const counts = {};
const code = fromJsonSchema({ type: 'object', properties: { code: { type: 'string' } }, required: ['code'] });

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'sandbox', version: '1.0.0' }, { capabilities: { tools: {} } });
  for (const name of ['execute_code', 'code_execute']) {
    server.registerTool(name, { description: 'Runs code', inputSchema: code }, async ({ code }) => {
      counts[code] = (counts[code] ?? 0) + 1;
      return { content: [{ type: 'text', text: code }] };
    });
  }
  return server;
});
const serve = toNodeHandler(handler);

createServer((request, response) => {
  if (request.url === '/count') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(counts));
  } else {
    serve(request, response).catch(() => response.destroy());
  }
}).listen(Number(port), host);
