/**
 * What nodes agree on about MCP sessions and tasks: whose they are, what went to the client, and
 * what it still owes an answer to.
 *
 * <p>{@link dev.tallygate.sessions.SessionStore} and {@link dev.tallygate.sessions.TaskStore} are
 * the contracts. Every store passes one test kit.
 */
package dev.tallygate.sessions;
