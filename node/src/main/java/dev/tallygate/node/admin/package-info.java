/** What operators ask of a node: metrics and probes. */
package dev.tallygate.node.admin;
