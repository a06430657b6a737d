// Reads bodies, each after its length in four bytes, and writes a line for each: what it means here.
'use strict';
const input = require('fs').readFileSync(0);

const hex = (text) => {
  let out = '';
  for (let i = 0; i < text.length; i++) out += text.charCodeAt(i).toString(16).padStart(4, '0');
  return out;
};

const canonical = (value) => {
  if (value === undefined) return '-';
  if (value === null) return 'z';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'string') return 's' + hex(value);
  if (typeof value === 'number') {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value + 0);
    return 'n' + bits.toString('hex');
  }
  if (Array.isArray(value)) return '[' + value.map(canonical).join(',') + ']';
  // Members are taken as a server takes them: by reading a property.
  return '{' + Object.keys(value).map((key) => hex(key) + ':' + canonical(value[key])).sort().join(',') + '}';
};

const meaning = (text) => {
  let message;
  try {
    message = JSON.parse(text);
  } catch (e) {
    return 'refused: ' + String(e.message).replace(/\s+/g, ' ');
  }
  if (message === null || typeof message !== 'object' || Array.isArray(message)) return 'not a message';
  const params = message.method === undefined ? undefined : message.params === undefined ? {} : message.params;
  return [message.method, message.id, params, message.result, message.error].map(canonical).join(' ');
};

const lines = [];
for (let at = 0; at < input.length; ) {
  const end = at + 4 + input.readUInt32BE(at);
  const body = input.subarray(at + 4, end);
  const plain = meaning(body.toString('utf8'));
  const decoded = meaning(new TextDecoder().decode(body));
  lines.push(plain === decoded ? plain : 'two readings: ' + plain + ' / ' + decoded);
  at = end;
}
process.stdout.write(lines.join('\n') + '\n');
