package dev.tallygate.node.gate;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Makes ids that sort by time: UUID version 7 (RFC 9562, section 5.7) of a millisecond clock. They
 * name decisions and reservations; they are unique, not secret.
 */
final class DecisionIds {
  private DecisionIds() {}

  static String next(long epochMillis) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    long high = (epochMillis << 16) | 0x7000L | random.nextInt(0x1000);
    long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
    return new java.util.UUID(high, low).toString();
  }
}
