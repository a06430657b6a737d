package dev.tallygate.counters;

import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Scope;

/**
 * A counter's identity. The policy is not part of it: two policies that name one counter count
 * together, each against its own maximum.
 *
 * @param scope who shares the counter
 * @param subject grant id, session id or server name; empty for {@link Scope#CLUSTER}
 * @param counter the counter's name
 * @param windowSeconds length of the window, 1 or more
 * @param algorithm how the window moves
 */
public record CounterKey(
    Scope scope, String subject, String counter, long windowSeconds, Algorithm algorithm) {}
