// Stands before the gate for a suite that sends no credentials: adds the grant's token and leaves everything else, Host and
// Origin above all, as it came. It also speaks to the gate what the suite cannot: HTTP/2 and TLS.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';

// Headers of one HTTP/1.1 connection; HTTP/2 has none of them.
const OF_THE_CONNECTION = new Set(['connection', 'host', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

const pairs = (raw) => raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]]] : []));

function forwardHttp1(gate, { secure, ca, change }) {
  const { request: open, Agent } = secure ? https : http;
  const agent = new Agent({ keepAlive: true, ...(secure && { ca, ALPNProtocols: ['http/1.1'] }) });
  const { hostname, port } = new URL(gate);
  const forward = (from, to, failed) => {
    const { method, url: path } = from;
    const headers = change(pairs(from.rawHeaders)).flat();
    const out = open({ hostname, port, agent, servername: 'localhost', method, path, headers, setHost: false });
    out.on('response', (answer) => {
      to.writeHead(answer.statusCode, answer.rawHeaders);
      to.flushHeaders();
      answer.on('error', () => to.destroy()).pipe(to);
    });
    out.on('error', failed);
    to.on('close', () => out.destroy());
    from.pipe(out);
  };
  return { forward, close: () => agent.destroy() };
}

function forwardHttp2(gate, { secure, ca, change }) {
  const session = http2.connect(new URL(gate).origin, secure ? { ca, ALPNProtocols: ['h2'] } : {});
  session.on('error', () => {});
  const forward = (from, to, failed) => {
    const headers = { ':method': from.method, ':path': from.url, ':authority': from.headers.host };
    for (const [name, value] of change(pairs(from.rawHeaders))) {
      const key = name.toLowerCase();
      if (!OF_THE_CONNECTION.has(key)) {
        headers[key] = headers[key] === undefined ? value : [headers[key], value].flat();
      }
    }
    const bodiless = from.headers['content-length'] === undefined && from.headers['transfer-encoding'] === undefined;
    const out = session.request(headers, { endStream: bodiless });
    out.on('response', ({ ':status': status, ...rest }) => {
      to.writeHead(status, rest);
      to.flushHeaders();
      out.pipe(to);
    });
    out.on('error', failed);
    to.on('close', () => out.close(http2.constants.NGHTTP2_CANCEL));
    if (!bodiless) {
      from.pipe(out);
    }
  };
  return { forward, close: () => session.destroy() };
}

/**
 * @param gate the URL of the gate's MCP endpoint
 * @param options `http2`; `ca` of a gate that speaks TLS; `acceptEncoding` to ask for in place of the client's
 * @returns `url` for the suite, and `stop()`
 */
export async function startHop(gate, token, { http2: overHttp2 = false, ca, acceptEncoding } = {}) {
  const change = (headers) => [
    ...headers.filter(([name]) => acceptEncoding === undefined || name.toLowerCase() !== 'accept-encoding'),
    ...(acceptEncoding === undefined ? [] : [['Accept-Encoding', acceptEncoding]]),
    ['Authorization', `Bearer ${token}`],
  ];
  const way = (overHttp2 ? forwardHttp2 : forwardHttp1)(gate, { secure: ca !== undefined, ca, change });
  const front = http.createServer((request, response) => {
    way.forward(request, response, (failure) => {
      // A client that went away, or a gate that broke the answer off, is passed on as such.
      if (!response.headersSent && !response.destroyed) {
        response.writeHead(502, { 'content-type': 'text/plain' });
        response.end(`hop: ${failure.message}`);
      } else {
        response.destroy();
      }
    });
  });
  await new Promise((resolve, reject) => front.once('error', reject).listen(0, '127.0.0.1', resolve));
  const stop = () => {
    way.close();
    front.closeAllConnections();
    front.close();
  };
  return { url: `http://127.0.0.1:${front.address().port}${new URL(gate).pathname}`, stop };
}
