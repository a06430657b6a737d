// The same client, with a gate of its own between it and the mock server of the suite.
import { play } from './client.mjs';
import { startGate } from './gate.mjs';

// The suite counts all that reaches its server as the client's: the gate must not have a look of its own.
const gate = await startGate(process.argv.at(-1), { trust: 'any' });
try {
  await play(gate.url, { Authorization: `Bearer ${gate.token}` });
} finally {
  await gate.stop();
}
process.exit(0);
