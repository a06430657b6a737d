/**
 * Servers, policies and grants as one immutable, versioned snapshot.
 *
 * <p>A call is judged on one snapshot from start to end, and its audit record names that snapshot's
 * revision.
 */
package dev.tallygate.registry;
