/**
 * MCP messages as bytes and JSON: strict reading, eras, event streams, lists, answers. Nothing here
 * knows of policies, and everything but the incremental readers is thread-safe.
 */
package dev.tallygate.node.mcp;
