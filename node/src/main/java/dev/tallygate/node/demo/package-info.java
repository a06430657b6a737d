/**
 * {@code tallygate demo}: a server, a gate and a client on one machine, to see the main job done.
 */
package dev.tallygate.node.demo;
