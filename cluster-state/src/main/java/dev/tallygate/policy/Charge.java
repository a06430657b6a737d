package dev.tallygate.policy;

import java.math.BigDecimal;
import java.util.Optional;

/**
 * What an allowed call must still find room for: one counter, charged once.
 *
 * <p>Where several limits of a call name one counter, the charge carries the highest cost, the
 * lowest ceiling with that limit's {@code rule}, and the stricter of their {@code refund} and
 * {@code onStoreLoss}.
 *
 * @param scope who shares the counter
 * @param counter the counter's name
 * @param windowSeconds length of the window
 * @param algorithm how the window moves
 * @param amount what the call costs, zero or more, at most 9 decimal places
 * @param max the inclusive ceiling
 * @param refund when the amount is given back
 * @param onStoreLoss what happens while the count cannot be had
 * @param rule JSON Pointer of the limit in its policy
 * @param onDeny the author's message for a refusal
 */
public record Charge(
    Scope scope,
    String counter,
    long windowSeconds,
    Algorithm algorithm,
    BigDecimal amount,
    BigDecimal max,
    Refund refund,
    OnStoreLoss onStoreLoss,
    String rule,
    Optional<String> onDeny) {}
