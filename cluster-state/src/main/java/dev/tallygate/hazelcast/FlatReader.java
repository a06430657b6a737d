package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterKey;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** Reads what a {@link FlatWriter} wrote, in the same order. */
final class FlatReader {
  private static final Scope[] SCOPES = Scope.values();
  private static final Algorithm[] ALGORITHMS = Algorithm.values();

  private final byte[] bytes;
  private final List<CounterKey> keys = new ArrayList<>(2);
  private int at;
  private String subject = "";

  FlatReader(byte[] bytes) {
    this.bytes = bytes;
  }

  long number() {
    long number = 0;
    byte next;
    int shift = 0;
    do {
      next = bytes[at++];
      number |= (next & 0x7FL) << shift;
      shift += 7;
    } while (next < 0);
    return (number >>> 1) ^ -(number & 1);
  }

  OptionalLong optionalNumber() {
    return flag() ? OptionalLong.of(number()) : OptionalLong.empty();
  }

  boolean flag() {
    return number() == 1;
  }

  <E> E choice(E[] choices) {
    return choices[(int) number()];
  }

  String text() {
    int length = (int) number();
    String text = new String(bytes, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
  }

  BigDecimal decimal() {
    if (flag()) {
      return BigDecimal.valueOf(number(), (int) number());
    }
    int length = (int) number();
    BigInteger unscaled = new BigInteger(bytes, at, length);
    at += length;
    return new BigDecimal(unscaled, (int) number());
  }

  CounterKey key() {
    int known = (int) number();
    if (known < keys.size()) {
      return keys.get(known);
    }
    if (!flag()) {
      subject = text();
    }
    Scope scope = choice(SCOPES);
    CounterKey key = new CounterKey(scope, subject, text(), number(), choice(ALGORITHMS));
    keys.add(key);
    return key;
  }

  <T> List<T> all(Supplier<T> each) {
    int count = (int) number();
    // As many as there can be: each takes a byte at the least.
    Object[] values = new Object[Math.min(count, bytes.length - at)];
    for (int i = 0; i < count; i++) {
      values[i] = each.get();
    }
    @SuppressWarnings("unchecked") // all of them are from there
    List<T> all = (List<T>) Arrays.asList(values);
    return all;
  }
}
