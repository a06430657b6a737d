// The tasks extension of MCP 2026-07-28 (SEP-2663), which the SDK does not have: calls that answer with a task at once, and
// tasks that are asked for, fed and cancelled afterwards.
import { setTimeout as pause } from 'node:timers/promises';
import { CLIENT_CAPABILITIES_META_KEY, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { asking, form, mapped, object, said } from './needs.mjs';

export const EXTENSION = 'io.modelcontextprotocol/tasks';

const HEADER_MISMATCH = -32020;
const MISSING_CAPABILITY = -32021;

const confirmation = (message) => form(message, 'confirm', 'boolean');
const NO_ARGUMENTS = object({});

/**
 * Tools that may become tasks. `run` gets the arguments, a signal that it was cancelled, and `ask`, which waits for input. One
 * that is `required` to be a task is refused to clients that know none; what is `needed` is asked for before there is one.
 */
export const JOBS = {
  slow_compute: {
    schema: object({ seconds: { type: 'number' }, label: { type: 'string' } }, []),
    run: async ({ seconds = 0, label }, { signal }) => {
      await pause(seconds * 1000, undefined, { signal, ref: false });
      return said(`computed ${label}`);
    },
  },
  failing_job: {
    schema: NO_ARGUMENTS,
    required: true,
    run: async () => ({ ...said('this job always fails'), isError: true }),
  },
  protocol_error_job: {
    schema: NO_ARGUMENTS,
    run: async () => {
      throw new Error('this job breaks');
    },
  },
  confirm_delete: {
    schema: object({ filename: { type: 'string' } }, []),
    run: async (_args, { ask }) => {
      const { confirm } = await ask({ confirm: confirmation('Delete it?') });
      return said(confirm ? 'deleted' : 'kept');
    },
  },
  multi_input: {
    schema: NO_ARGUMENTS,
    run: async (_args, { ask }) => {
      const answers = await ask({ first: confirmation('Once?'), second: confirmation('Twice?') });
      return said(JSON.stringify(answers));
    },
  },
  test_tool_with_task: {
    schema: NO_ARGUMENTS,
    required: true,
    needed: { user_name: form('What is your name?', 'name', 'string') },
    run: async (_args, _task, { user_name }) => said(`Hello, ${user_name}!`),
  },
};

/** The job for a client that knows no tasks: it waits, and cannot be asked anything. */
export const runToEnd = (job, args) => job.run(args ?? {}, { ask: async (needs) => mapped(needs, () => undefined) });

/** One job under way. */
class Task {
  id = crypto.randomUUID();
  #created = new Date().toISOString();
  #updated = this.#created;
  #status = 'working';
  #outcome = {};
  #cancellation = new AbortController();
  #questions = {};
  #answers = {};
  #answered = () => {};

  start(job, args, given) {
    const task = { signal: this.#cancellation.signal, ask: (needs) => this.#ask(needs) };
    job.run(args, task, given).then(
      (result) => this.#become('completed', { result: { resultType: 'complete', ...result } }),
      (failure) => this.#become('failed', { error: { code: ProtocolErrorCode.InternalError, message: failure.message } }),
    );
  }

  /** What is told of every task; never what it asks for or has come to. */
  base() {
    return {
      taskId: this.id,
      status: this.#status,
      createdAt: this.#created,
      lastUpdatedAt: this.#updated,
      ttlMs: 300_000,
      pollIntervalMs: 100,
    };
  }

  /** All of it, with what it waits for or has come to. */
  detailed() {
    const waiting = this.#status === 'input_required';
    const inputRequests = mapped(this.#questions, (need) => need.request);
    return { ...this.base(), ...this.#outcome, ...(waiting && { inputRequests }) };
  }

  cancel() {
    this.#become('cancelled');
    this.#cancellation.abort();
  }

  /** Takes answers; those that are still missing remain asked for. */
  update(responses) {
    for (const [key, need] of Object.entries(this.#questions)) {
      const answer = need.read(responses, key);
      if (answer !== undefined) {
        this.#answers[key] = answer;
        delete this.#questions[key];
      }
    }
    if (this.#status === 'input_required' && Object.keys(this.#questions).length === 0) {
      this.#become('working');
      this.#answered(this.#answers);
    }
  }

  #ask(needs) {
    this.#questions = { ...needs };
    this.#become('input_required');
    return new Promise((resolve) => (this.#answered = resolve));
  }

  #become(status, outcome = {}) {
    // What is over stays as it is.
    if (this.#status === 'working' || this.#status === 'input_required') {
      this.#status = status;
      this.#outcome = outcome;
      this.#updated = new Date().toISOString();
    }
  }
}

/** Every task of the fixture, and the answers to messages that concern them. */
export class Tasks {
  #tasks = new Map();

  /** The HTTP status and the answer, or nothing where the message is for the SDK. */
  answer(headers, { id, method, params }) {
    const job = method === 'tools/call' && Object.hasOwn(JOBS, params?.name) ? JOBS[params.name] : undefined;
    const ofTask = ['tasks/get', 'tasks/update', 'tasks/cancel'].includes(method);
    const declared = params?._meta?.[CLIENT_CAPABILITIES_META_KEY]?.extensions?.[EXTENSION] !== undefined;
    if (!ofTask && (job === undefined || (!declared && !job.required))) {
      return undefined;
    }
    const result = (value) => ({ status: 200, message: { jsonrpc: '2.0', id, result: value } });
    const error = (status, code, message, data) => ({
      status,
      message: { jsonrpc: '2.0', id, error: { code, message, data } },
    });
    const name = ofTask ? params?.taskId : params.name;
    if (headers['mcp-method'] !== method || headers['mcp-name'] !== name) {
      return error(400, HEADER_MISMATCH, 'Mcp-Method or Mcp-Name is not what the body says');
    }
    if (!declared) {
      const requiredCapabilities = { extensions: { [EXTENSION]: {} } };
      return error(400, MISSING_CAPABILITY, 'this needs the tasks extension', { requiredCapabilities });
    }
    if (ofTask) {
      const task = this.#tasks.get(params.taskId);
      return task === undefined
        ? error(200, ProtocolErrorCode.InvalidParams, 'no such task')
        : result({ resultType: 'complete', ...this.#act(task, method, params) });
    }
    const given = mapped(job.needed ?? {}, (need, key) => need.read(params.inputResponses, key));
    if (Object.values(given).includes(undefined)) {
      return result(asking(job.needed));
    }
    const task = new Task();
    this.#tasks.set(task.id, task);
    task.start(job, params.arguments ?? {}, given);
    return result({ resultType: 'task', ...task.base() });
  }

  #act(task, method, params) {
    if (method === 'tasks/get') {
      return task.detailed();
    }
    if (method === 'tasks/update') {
      task.update(params.inputResponses ?? {});
    } else {
      task.cancel();
    }
    return {};
  }
}
