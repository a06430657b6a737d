/**
 * Real MCP servers and real MCP clients, and replicas of two servers, that the gate is run with.
 */
package dev.tallygate.node.real;
