package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterKey;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Values one after the other as bytes, without names. A key is written once, and by its number
 * after that; a subject only where it is not that of the key before.
 */
final class FlatWriter {
  private static final int FIRST_BYTES = 192;
  private static final int LONGEST_NUMBER = 10;

  private final Map<CounterKey, Integer> keys = new HashMap<>(4);
  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;
  private String subject = "";

  byte[] bytes() {
    return Arrays.copyOf(bytes, length);
  }

  /** In seven bits a byte, small ones first whatever their sign. */
  void number(long number) {
    need(LONGEST_NUMBER);
    long left = (number << 1) ^ (number >> 63);
    while ((left & ~0x7FL) != 0) {
      bytes[length++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    bytes[length++] = (byte) left;
  }

  void number(OptionalLong number) {
    flag(number.isPresent());
    number.ifPresent(this::number);
  }

  void flag(boolean flag) {
    number(flag ? 1 : 0);
  }

  /** By its place, which never changes. */
  void choice(Enum<?> choice) {
    number(choice.ordinal());
  }

  void text(String text) {
    bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private void bytes(byte[] more) {
    number(more.length);
    need(more.length);
    System.arraycopy(more, 0, bytes, length, more.length);
    length += more.length;
  }

  /** Exactly: unscaled value and scale. */
  void decimal(BigDecimal decimal) {
    BigInteger unscaled = decimal.unscaledValue();
    boolean isLong = unscaled.bitLength() < Long.SIZE;
    flag(isLong);
    if (isLong) {
      number(unscaled.longValue());
    } else {
      bytes(unscaled.toByteArray());
    }
    number(decimal.scale());
  }

  void key(CounterKey key) {
    Integer known = keys.putIfAbsent(key, keys.size());
    if (known != null) {
      number(known);
      return;
    }
    number(keys.size() - 1);
    boolean sameSubject = key.subject().equals(subject);
    flag(sameSubject);
    if (!sameSubject) {
      subject = key.subject();
      text(subject);
    }
    choice(key.scope());
    text(key.counter());
    number(key.windowSeconds());
    choice(key.algorithm());
  }

  <T> void all(Collection<T> values, Consumer<T> each) {
    number(values.size());
    values.forEach(each);
  }

  private void need(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }
}
