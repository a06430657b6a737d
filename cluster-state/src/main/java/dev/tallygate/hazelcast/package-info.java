/**
 * Shared state on Hazelcast: the only package that imports it, and none of its types leave here.
 *
 * <p>{@link dev.tallygate.hazelcast.EmbeddedHazelcast} starts a member inside this process; {@link
 * dev.tallygate.hazelcast.HazelcastCounterStore} keeps the limit ledger on it.
 */
package dev.tallygate.hazelcast;
