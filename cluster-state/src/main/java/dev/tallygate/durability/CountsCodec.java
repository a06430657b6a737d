package dev.tallygate.durability;

import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterTable.Charged;
import dev.tallygate.counters.CounterTable.Contents;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Scope;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Counts as bytes, big-endian: latest, change, whether blind, blindBefore, then each counter with
 * its key and its slots. A text is its length and UTF-8; units are their unscaled value and scale,
 * so that no decimal is rounded. What holds them is not written: held units stay charged.
 */
final class CountsCodec {
  /** To be raised with every change of these bytes or of the table that holds them. */
  static final int FORMAT = 1;

  private CountsCodec() {}

  static byte[] write(Contents contents) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(contents.latest());
      out.writeLong(contents.change());
      out.writeBoolean(contents.blindBefore().isPresent());
      out.writeLong(contents.blindBefore().orElse(0));
      out.writeInt(contents.charged().size());
      for (Map.Entry<CounterKey, List<Charged>> count : contents.charged().entrySet()) {
        write(out, count.getKey());
        out.writeInt(count.getValue().size());
        for (Charged charged : count.getValue()) {
          out.writeLong(charged.slot());
          byte[] units = charged.units().unscaledValue().toByteArray();
          out.writeInt(units.length);
          out.write(units);
          out.writeInt(charged.units().scale());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory cannot fail", e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, CounterKey key) throws IOException {
    text(out, key.scope().name());
    text(out, key.subject());
    text(out, key.counter());
    out.writeLong(key.windowSeconds());
    text(out, key.algorithm().name());
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /**
   * @throws IOException where the bytes are not what {@link #write} makes
   */
  static Contents read(byte[] bytes) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      long latest = in.readLong();
      long change = in.readLong();
      boolean blind = in.readBoolean();
      long blindBefore = in.readLong();
      Map<CounterKey, List<Charged>> charged = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--) {
        CounterKey key = key(in);
        List<Charged> slots = new ArrayList<>();
        for (int slotsLeft = in.readInt(); slotsLeft > 0; slotsLeft--) {
          long slot = in.readLong();
          BigInteger unscaled = new BigInteger(bytes(in));
          slots.add(new Charged(slot, new BigDecimal(unscaled, in.readInt())));
        }
        if (slots.isEmpty()) {
          throw new IOException("a counter without slots");
        }
        charged.put(key, List.copyOf(slots));
      }
      if (in.read() != -1) {
        throw new IOException("more than the counts");
      }
      OptionalLong before = blind ? OptionalLong.of(blindBefore) : OptionalLong.empty();
      return new Contents(latest, change, before, charged, List.of());
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static CounterKey key(DataInputStream in) throws IOException {
    return new CounterKey(
        Scope.valueOf(text(in)), text(in), text(in), in.readLong(), Algorithm.valueOf(text(in)));
  }

  private static String text(DataInputStream in) throws IOException {
    return new String(bytes(in), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException("a length of " + length);
    }
    return in.readNBytes(length);
  }
}
