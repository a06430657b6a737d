package dev.tallygate.counters;

import dev.tallygate.policy.OnStoreLoss;
import java.math.BigDecimal;

/**
 * Room that a call asks of one counter.
 *
 * @param key the counter; no two claims of a reservation share one
 * @param amount zero or more
 * @param max the inclusive ceiling that this call is held to
 * @param onStoreLoss what to do while the counter cannot be had
 */
public record Claim(CounterKey key, BigDecimal amount, BigDecimal max, OnStoreLoss onStoreLoss) {}
