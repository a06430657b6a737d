// Loaded before a server under test. It keeps the server on loopback, tells where it listens,
// writes down every message that reaches it, and ends it when the test that started it is gone.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const journal = process.env.TALLYGATE_JOURNAL;
const write = (entry) => fs.appendFileSync(journal, JSON.stringify(entry) + '\n');

// Servers that call listen(PORT) would bind every interface.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  this.once('listening', () => {
    const address = this.address();
    if (address && typeof address === 'object') {
      write({ listening: address.port, host: address.address });
    }
  });
  const [first, second] = args;
  if (first !== null && typeof first === 'object') {
    if (first.path === undefined) {
      args[0] = { ...first, host: '127.0.0.1' };
    }
  } else if (/^\d+$/.test(String(first))) {
    if (typeof second === 'string') {
      args[1] = '127.0.0.1';
    } else {
      args.splice(1, 0, '127.0.0.1');
    }
  }
  return listen.apply(this, args);
};

// Reading emits "data" whoever reads, so watching the event takes nothing from the server.
const emitOnServer = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, ...rest) {
  if (event === 'request') {
    const chunks = [];
    const emit = request.emit;
    request.emit = function (name, chunk, ...more) {
      if (name === 'data') {
        chunks.push(Buffer.from(chunk));
      } else if (name === 'end') {
        const body = Buffer.concat(chunks).toString('utf8');
        write({ http: request.method, headers: request.headers, body });
      }
      return emit.call(this, name, chunk, ...more);
    };
  }
  return emitOnServer.call(this, event, request, ...rest);
};

process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
