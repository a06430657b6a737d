// What the fixture server offers: the tools, resources and prompts that the suite calls by name.
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  fromJsonSchema,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { asking, completion, form, mapped, object, roots, said } from './needs.mjs';
import { EXTENSION, JOBS, runToEnd } from './tasks.mjs';

/** Listed and called by no scenario: what a policy may hide while the suite runs. */
export const UNUSED_TOOL = 'unused_by_the_suite';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

const NAME = form('What is your name?', 'name', 'string');
const CONFIRMATION = form('Please confirm', 'ok', 'boolean');
const GREETING = completion('Write a greeting');

// What a server lets travel through the client comes back from an attacker: it is sealed, and checked before any tool runs.
const seal = createRequestStateCodec({ key: crypto.getRandomValues(new Uint8Array(32)) });

/** Asks until every answer is there, and the sealed state if there is to be one. */
const needing = (needs, finish, { sealed = false } = {}) => async (_args, { mcpReq }) => {
  const answers = mapped(needs, (need, key) => need.read(mcpReq.inputResponses, key));
  const complete = Object.values(answers).every((answer) => answer !== undefined);
  if (complete && (!sealed || mcpReq.requestState() !== undefined)) {
    return said(finish(answers));
  }
  return { ...asking(needs), ...(sealed && { requestState: await seal.mint({ nonce: crypto.randomUUID() }) }) };
};

const twoRounds = async (_args, { mcpReq }) => {
  const state = mcpReq.requestState();
  const first = { step1: NAME };
  const second = { step2: form('What is your favourite colour?', 'color', 'string') };
  if (state?.round === 2) {
    return said(`${state.name} likes ${second.step2.read(mcpReq.inputResponses, 'step2')}`);
  }
  if (state?.round === 1) {
    const name = first.step1.read(mcpReq.inputResponses, 'step1');
    return { ...asking(second), requestState: await seal.mint({ round: 2, name }) };
  }
  return { ...asking(first), requestState: await seal.mint({ round: 1 }) };
};

/** Asks only for what the client said that it can give. */
const whatTheClientCan = async (_args, { mcpReq }) => {
  if (mcpReq.inputResponses !== undefined) {
    return said('answered');
  }
  const declared = mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
  const needs = { user_name: NAME, greeting: GREETING, client_roots: roots };
  const possible = Object.entries(needs).filter(([, need]) => declared[need.capability] !== undefined);
  return possible.length === 0
    ? said('this client can be asked for nothing')
    : asking(Object.fromEntries(possible));
};

// ---- Questions that a server asks on its own in the revisions with sessions.

const sampled = async ({ prompt }, { mcpReq }) => {
  const answer = await mcpReq.send({
    method: 'sampling/createMessage',
    params: { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens: 100 },
  });
  return said(`LLM response: ${answer.content?.text}`);
};

const elicited = (properties, required = []) => async (args, { mcpReq }) => {
  const answer = await mcpReq.send({
    method: 'elicitation/create',
    params: { message: args?.message ?? 'Please fill in', requestedSchema: object(properties, required) },
  });
  return said(`User response: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
};

const DEFAULTS = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};
const PLAIN = ['option1', 'option2', 'option3'];
const TITLED = ['value1', 'value2', 'value3'].map((value, i) => ({ const: value, title: `Option ${i + 1}` }));
const ENUMS = {
  untitledSingle: { type: 'string', enum: PLAIN },
  titledSingle: { type: 'string', oneOf: TITLED },
  legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option 1', 'Option 2', 'Option 3'] },
  untitledMulti: { type: 'array', items: { type: 'string', enum: PLAIN } },
  titledMulti: { type: 'array', items: { anyOf: TITLED } },
};

// ---- Tools that say something before they answer.

const logging = async (_args, { mcpReq }) => {
  for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
    await pause(50);
  }
  return said('logged');
};

const progressing = async (_args, { mcpReq }) => {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
    const params = { progressToken, progress, total: 100, message: `${progress} of 100` };
    await mcpReq.notify({ method: 'notifications/progress', params });
    await pause(50);
  }
  return said(String(progressToken));
};

const JSON_SCHEMA_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

const NO_ARGUMENTS = object({});
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const embedded = (uri, mimeType, text) => ({ type: 'resource', resource: { uri, mimeType, text } });
const always = (result) => async () => result;

/** Name: what it does, and the schema of its arguments. */
const tools = (hooks) => ({
  [UNUSED_TOOL]: [always(said('nobody should read this'))],

  test_simple_text: [always(said('This is a simple text response for testing.'))],
  test_image_content: [always({ content: [image] })],
  test_audio_content: [always({ content: [{ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }] })],
  test_embedded_resource: [always({ content: [embedded('test://embedded-resource', 'text/plain', 'embedded text')] })],
  test_multiple_content_types: [
    always({
      content: [
        { type: 'text', text: 'Multiple content types:' },
        image,
        embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
      ],
    }),
  ],
  test_error_handling: [always({ ...said('This tool intentionally returns an error for testing'), isError: true })],
  test_tool_with_logging: [logging],
  test_tool_with_progress: [progressing],
  test_reconnection: [
    async (_args, context) => {
      hooks.closeStream(context);
      await pause(100);
      return said('This came after the stream was closed');
    },
  ],

  test_sampling: [sampled, object({ prompt: { type: 'string' } })],
  test_elicitation: [elicited({ response: { type: 'string' } }, ['response']), object({ message: { type: 'string' } })],
  test_elicitation_sep1034_defaults: [elicited(DEFAULTS)],
  test_elicitation_sep1330_enums: [elicited(ENUMS)],
  json_schema_2020_12_tool: [async (args) => said(JSON.stringify(args)), JSON_SCHEMA_2020_12],

  test_x_mcp_header: [
    async ({ region }) => said(`region=${region}`),
    object({ region: { type: 'string', 'x-mcp-header': 'Region' }, level: { type: 'integer' } }, []),
  ],
  test_missing_capability: [needing({ llm_answer: completion('Say pong') }, ({ llm_answer }) => llm_answer)],
  test_streaming_elicitation: [always(said('asks nothing on its stream'))],
  test_logging_tool: [
    async (_args, { mcpReq }) => {
      await mcpReq.log('info', 'only for a client that set a level');
      return said('logged');
    },
  ],
  test_trigger_tool_change: [
    async () => {
      hooks.notify.toolsChanged();
      return said('announced');
    },
  ],
  test_trigger_prompt_change: [
    async () => {
      hooks.notify.promptsChanged();
      return said('announced');
    },
  ],

  test_input_required_result_elicitation: [needing({ user_name: NAME }, ({ user_name }) => `Hello, ${user_name}!`)],
  test_input_required_result_sampling: [
    needing({ capital_question: completion('What is the capital of France?') }, (got) => got.capital_question),
  ],
  test_input_required_result_list_roots: [
    needing({ client_roots: roots }, (got) => got.client_roots.map((root) => root.uri).join(', ')),
  ],
  test_input_required_result_request_state: [needing({ confirm: CONFIRMATION }, () => 'state-ok', { sealed: true })],
  test_input_required_result_tampered_state: [needing({ confirm: CONFIRMATION }, () => 'integrity-ok', { sealed: true })],
  test_input_required_result_multiple_inputs: [
    needing(
      { user_name: NAME, greeting: GREETING, client_roots: roots },
      (got) => `${got.greeting} ${got.user_name}, ${got.client_roots.length} roots`,
      { sealed: true },
    ),
  ],
  test_input_required_result_multi_round: [twoRounds],
  test_input_required_result_capabilities: [whatTheClientCan],

  greet: [async ({ name }) => said(`Hello, ${name}!`), object({ name: { type: 'string' } }, [])],
  ...mapped(JOBS, (job) => [(args) => runToEnd(job, args), job.schema]),
});

const resources = {
  'static-text': ['test://static-text', { mimeType: 'text/plain', text: 'This is a static text resource.' }],
  'static-binary': ['test://static-binary', { mimeType: 'image/png', blob: PIXEL }],
  'watched-resource': ['test://watched-resource', { mimeType: 'text/plain', text: 'watched' }],
};

const message = (content) => ({ role: 'user', content });
const prompts = {
  test_simple_prompt: [always({ messages: [message({ type: 'text', text: 'This is a simple prompt for testing.' })] })],
  test_prompt_with_arguments: [
    async ({ arg1, arg2 }) => ({
      messages: [message({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
    }),
    object({ arg1: { type: 'string' }, arg2: { type: 'string' } }),
  ],
  test_prompt_with_embedded_resource: [
    async ({ resourceUri }) => ({
      messages: [
        message(embedded(resourceUri, 'text/plain', 'embedded text')),
        message({ type: 'text', text: 'Please process the resource above.' }),
      ],
    }),
    object({ resourceUri: { type: 'string' } }),
  ],
  test_prompt_with_image: [
    always({ messages: [message(image), message({ type: 'text', text: 'Please look at the image.' })] }),
  ],
  test_input_required_result_prompt: [
    async ({ mcpReq }) => {
      const context = form('Which context?', 'context', 'string');
      const answer = context.read(mcpReq.inputResponses, 'user_context');
      return answer === undefined
        ? asking({ user_context: context })
        : { messages: [message({ type: 'text', text: `Use this context: ${answer}` })] };
    },
  ],
};

/**
 * A server with all of it: one for each session, or for each request where there are no sessions.
 *
 * @param hooks `closeStream(context)` ends the stream of a call under way; `notify` tells those who listen
 */
export function server(hooks) {
  const offering = new McpServer(
    { name: 'tallygate-conformance-fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
        extensions: { [EXTENSION]: {} },
      },
      requestState: { verify: seal.verify },
    },
  );
  for (const [name, [run, schema = NO_ARGUMENTS]] of Object.entries(tools(hooks))) {
    offering.registerTool(name, { description: `Fixture: ${name}`, inputSchema: fromJsonSchema(schema) }, run);
  }
  for (const [name, [uri, content]] of Object.entries(resources)) {
    const details = { title: name, description: `Fixture: ${name}`, mimeType: content.mimeType };
    offering.registerResource(name, uri, details, always({ contents: [{ uri, ...content }] }));
  }
  offering.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { title: 'template', description: 'Fixture: a template', mimeType: 'application/json' },
    async (uri, { id }) => ({
      contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true }) }],
    }),
  );
  for (const [name, [get, schema]] of Object.entries(prompts)) {
    const details = { title: name, description: `Fixture: ${name}` };
    offering.registerPrompt(name, schema ? { ...details, argsSchema: fromJsonSchema(schema) } : details, get);
  }
  for (const method of ['resources/subscribe', 'resources/unsubscribe', 'logging/setLevel']) {
    offering.server.setRequestHandler(method, async () => ({}));
  }
  offering.server.setRequestHandler('completion/complete', async () => ({
    completion: { values: [], total: 0, hasMore: false },
  }));
  return offering;
}
