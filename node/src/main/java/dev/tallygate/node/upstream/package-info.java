/**
 * Connections to MCP servers.
 *
 * <p>Two facts rule this package. A call may only be counted as not run when no byte of it can have
 * arrived, so a failure says whether the connection ever stood. And a client's credentials end at
 * the gate: what goes upstream is built from an explicit list of headers, never copied and cleaned.
 */
package dev.tallygate.node.upstream;
