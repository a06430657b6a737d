/**
 * The configuration file of a node: how it is read, watched while the node runs, and edited by
 * commands without losing what people wrote around it.
 */
package dev.tallygate.node.config;
