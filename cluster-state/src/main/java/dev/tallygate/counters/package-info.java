/**
 * The limit ledger: reserve before a call, settle after it.
 *
 * <p>{@link dev.tallygate.counters.CounterStore} is the contract; {@link
 * dev.tallygate.counters.InMemoryCounterStore} is its reference. Every store passes one test kit.
 */
package dev.tallygate.counters;
