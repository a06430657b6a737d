/**
 * The policy language: the document, its validation, the compiled policy, the decision.
 *
 * <p>Pure: no clock, no I/O, no storage. A policy is read once into an immutable object; judging a
 * call takes no lock and asks nobody. The decision names the limits that a call must still find
 * room in; counting them is the business of {@code dev.tallygate.counters}.
 */
package dev.tallygate.policy;
