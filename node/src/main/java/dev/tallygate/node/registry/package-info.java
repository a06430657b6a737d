/** A node's side of the registry of its cluster: what it enforces, and what it publishes. */
package dev.tallygate.node.registry;
