// What tools say, and the input that they need from the client: how it is asked for, and how the answer is read (undefined: no
// usable one).
import { acceptedContent, inputRequired } from '@modelcontextprotocol/server';

/** A result that is a text. */
export const said = (text) => ({ content: [{ type: 'text', text }] });

/** A schema of an object. */
export const object = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, required });

/** The same keys with other values. */
export const mapped = (from, change) =>
  Object.fromEntries(Object.entries(from).map(([key, value]) => [key, change(value, key)]));

/** A field of a form that a person fills in. */
export const form = (message, field, type) => ({
  capability: 'elicitation',
  request: inputRequired.elicit({ message, requestedSchema: object({ [field]: { type } }) }),
  read: (answers, key) => {
    const value = acceptedContent(answers, key)?.[field];
    return typeof value === type ? value : undefined;
  },
});

/** A text that the client's model writes. */
export const completion = (prompt) => ({
  capability: 'sampling',
  request: inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
    maxTokens: 64,
  }),
  read: (answers, key) => answers?.[key]?.content?.text,
});

/** The client's roots. */
export const roots = {
  capability: 'roots',
  request: inputRequired.listRoots(),
  read: (answers, key) => answers?.[key]?.roots,
};

/** The result that asks for all of it. */
export const asking = (needs) => inputRequired({ inputRequests: mapped(needs, (need) => need.request) });
