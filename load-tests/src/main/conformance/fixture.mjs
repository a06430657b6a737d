// The MCP server that the suite meets: both eras on one endpoint, on the published SDK, on loopback only.
import { createServer } from 'node:http';
import { createBrotliCompress, createGzip, constants } from 'node:zlib';
import { classifyInboundRequest, createMcpHandler, isInitializeRequest } from '@modelcontextprotocol/server';
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { server } from './offering.mjs';
import { Tasks } from './tasks.mjs';

/** The events of one session, so that a client may take up a stream where it broke off. */
class Events {
  #events = [];

  async storeEvent(stream, message) {
    const id = `${stream}::${this.#events.length}`;
    this.#events.push({ id, stream, message });
    return id;
  }

  async replayEventsAfter(lastId, { send }) {
    const [stream, position] = lastId.split('::');
    for (const event of this.#events.slice(Number(position) + 1)) {
      // An event without a message only opened a stream.
      if (event.stream === stream && Object.keys(event.message).length > 0) {
        await send(event.id, event.message);
      }
    }
    return stream;
  }
}

/** Compresses an answer for a client that asks for it, piece by piece, as streams need it. */
function compress(request, response, compressed) {
  const accepted = request.headers['accept-encoding'] ?? '';
  const encoding = ['br', 'gzip'].find((each) => accepted.includes(each));
  if (encoding === undefined) {
    return;
  }
  const { writeHead, write, end } = response;
  let zipped;
  response.writeHead = (status, headers) => {
    const { 'content-length': _, ...rest } = headers ?? {};
    if (status === 202 || status === 204) {
      return writeHead.call(response, status, headers);
    }
    compressed();
    zipped =
      encoding === 'br'
        ? createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH })
        : createGzip({ flush: constants.Z_SYNC_FLUSH });
    zipped.on('data', (piece) => write.call(response, piece));
    zipped.on('end', () => end.call(response));
    return writeHead.call(response, status, { ...rest, 'content-encoding': encoding });
  };
  response.write = (piece, ...more) => (zipped ? zipped.write(piece, ...more) : write.call(response, piece, ...more));
  response.end = (piece, ...more) => {
    if (!response.headersSent) {
      response.writeHead(response.statusCode, {});
    }
    return zipped ? zipped.end(piece) : end.call(response, piece, ...more);
  };
}

function answer(response, status, code, message) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } }));
}

async function json(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Starts it, for as long as the process lives: `url`, and `compressed()`, how many answers were compressed so far. */
export async function startFixture() {
  const sessions = new Map();
  let compressed = 0;
  const hooks = {
    closeStream: ({ sessionId, mcpReq }) => sessions.get(sessionId)?.closeSSEStream(mcpReq.id),
    get notify() {
      return modern.notify;
    },
  };
  const modern = createMcpHandler(() => server(hooks));
  const serveModern = toNodeHandler(modern);
  const tasks = new Tasks();

  async function newSession() {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      eventStore: new Events(),
      retryInterval: 5000,
      onsessioninitialized: (id) => sessions.set(id, transport),
    });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await server(hooks).connect(transport);
    return transport;
  }

  const hostIsLocal = localhostHostValidation();
  const originIsLocal = localhostOriginValidation();

  async function serve(request, response) {
    compress(request, response, () => compressed++);
    if (!hostIsLocal(request, response) || !originIsLocal(request, response)) {
      return;
    }
    const session = request.headers['mcp-session-id'];
    let body;
    if (request.method === 'POST') {
      body = await json(request);
      const inbound = classifyInboundRequest({
        httpMethod: 'POST',
        protocolVersionHeader: request.headers['mcp-protocol-version'],
        mcpMethodHeader: request.headers['mcp-method'],
        body,
      });
      if (inbound.kind !== 'legacy') {
        const { status, message } = tasks.answer(request.headers, body) ?? {};
        if (message === undefined) {
          await serveModern(request, response, body);
        } else {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(JSON.stringify(message));
        }
        return;
      }
      if (session === undefined && isInitializeRequest(body)) {
        await (await newSession()).handleRequest(request, response, body);
        return;
      }
    }
    if (session === undefined) {
      answer(response, 400, -32000, 'Session ID required');
    } else if (!sessions.has(session)) {
      answer(response, 404, -32001, 'Session not found');
    } else {
      await sessions.get(session).handleRequest(request, response, body);
    }
  }

  const http = createServer((request, response) => {
    serve(request, response).catch((failure) => {
      console.error('fixture:', failure);
      response.destroy();
    });
  });
  await new Promise((resolve, reject) => http.once('error', reject).listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${http.address().port}/mcp`, compressed: () => compressed };
}
