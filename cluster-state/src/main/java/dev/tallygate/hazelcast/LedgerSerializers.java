package dev.tallygate.hazelcast;

import com.hazelcast.nio.serialization.compact.CompactReader;
import com.hazelcast.nio.serialization.compact.CompactSerializer;
import com.hazelcast.nio.serialization.compact.CompactWriter;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * How the ledger's values and steps travel between members and rest on backups: Hazelcast's Compact
 * format, never Java serialisation.
 *
 * <p>Members of two releases read each other while a cluster is rolled: so a type's name and its
 * fields' names and kinds never change, and a field that is added must be read with a default where
 * {@code reader.getFieldKind} does not know it.
 */
final class LedgerSerializers {
  private LedgerSerializers() {}

  static List<CompactSerializer<?>> all() {
    return List.of(
        of("CounterKey", CounterKey.class, LedgerSerializers::key, LedgerSerializers::key),
        of("Claim", Claim.class, LedgerSerializers::claim, LedgerSerializers::claim),
        of("Hold", Reservation.Hold.class, LedgerSerializers::hold, LedgerSerializers::hold),
        of("Count", Count.class, LedgerSerializers::count, LedgerSerializers::count),
        of(
            "Remembered",
            CounterTable.Remembered.class,
            LedgerSerializers::remembered,
            LedgerSerializers::remembered),
        of("CounterTable", CounterTable.class, LedgerSerializers::table, LedgerSerializers::table),
        of("Reserved", Reserved.class, LedgerSerializers::reserved, LedgerSerializers::reserved),
        of("Exceeded", Exceeded.class, LedgerSerializers::exceeded, LedgerSerializers::exceeded),
        of(
            "Unavailable",
            Unavailable.class,
            LedgerSerializers::unavailable,
            LedgerSerializers::unavailable),
        of("Usage", CounterStore.Usage.class, LedgerSerializers::usage, LedgerSerializers::usage),
        of(
            "Reserve",
            ReserveProcessor.class,
            (writer, step) -> {
              writer.writeString("id", step.id);
              writer.writeArrayOfCompact("claims", step.claims.toArray(Claim[]::new));
            },
            reader ->
                new ReserveProcessor(
                    reader.readString("id"),
                    List.of(reader.readArrayOfCompact("claims", Claim.class)))),
        of(
            "Settle",
            SettleProcessor.class,
            (writer, step) -> {
              writer.writeString("id", step.id);
              writer.writeArrayOfCompact("refunded", step.refunded.toArray(CounterKey[]::new));
            },
            reader ->
                new SettleProcessor(
                    reader.readString("id"),
                    Set.of(reader.readArrayOfCompact("refunded", CounterKey.class)))),
        of(
            "Cancel",
            CancelProcessor.class,
            (writer, step) -> writer.writeString("id", step.id),
            reader -> new CancelProcessor(reader.readString("id"))),
        of(
            "UsageQuery",
            UsageQuery.class,
            (writer, query) -> writer.writeCompact("key", query.key),
            reader -> new UsageQuery(reader.readCompact("key"))),
        of(
            "StoreTable",
            StoreTable.class,
            (writer, step) -> {
              writer.writeCompact("table", step.table);
              writer.writeInt64("ttlSeconds", step.ttlSeconds);
            },
            reader -> new StoreTable(reader.readCompact("table"), reader.readInt64("ttlSeconds"))));
  }

  /** One counter of a table. */
  private record Count(CounterKey key, List<CounterTable.Charged> charged) {}

  private static void key(CompactWriter writer, CounterKey key) {
    writer.writeString("scope", key.scope().name());
    writer.writeString("subject", key.subject());
    writer.writeString("counter", key.counter());
    writer.writeInt64("windowSeconds", key.windowSeconds());
    writer.writeString("algorithm", key.algorithm().name());
  }

  private static CounterKey key(CompactReader reader) {
    return new CounterKey(
        Scope.valueOf(reader.readString("scope")),
        reader.readString("subject"),
        reader.readString("counter"),
        reader.readInt64("windowSeconds"),
        Algorithm.valueOf(reader.readString("algorithm")));
  }

  private static void claim(CompactWriter writer, Claim claim) {
    writer.writeCompact("key", claim.key());
    writer.writeDecimal("amount", claim.amount());
    writer.writeDecimal("max", claim.max());
    writer.writeString("onStoreLoss", claim.onStoreLoss().name());
  }

  private static Claim claim(CompactReader reader) {
    return new Claim(
        reader.readCompact("key"),
        reader.readDecimal("amount"),
        reader.readDecimal("max"),
        OnStoreLoss.valueOf(reader.readString("onStoreLoss")));
  }

  private static void hold(CompactWriter writer, Reservation.Hold hold) {
    writer.writeCompact("key", hold.key());
    writer.writeDecimal("amount", hold.amount());
    writer.writeInt64("window", hold.window());
  }

  private static Reservation.Hold hold(CompactReader reader) {
    return new Reservation.Hold(
        reader.readCompact("key"), reader.readDecimal("amount"), reader.readInt64("window"));
  }

  private static void count(CompactWriter writer, Count count) {
    writer.writeCompact("key", count.key());
    writer.writeArrayOfInt64(
        "slots", count.charged().stream().mapToLong(CounterTable.Charged::slot).toArray());
    writer.writeArrayOfDecimal(
        "units",
        count.charged().stream().map(CounterTable.Charged::units).toArray(BigDecimal[]::new));
  }

  private static Count count(CompactReader reader) {
    long[] slots = reader.readArrayOfInt64("slots");
    BigDecimal[] units = reader.readArrayOfDecimal("units");
    List<CounterTable.Charged> charged = new ArrayList<>(slots.length);
    for (int i = 0; i < slots.length; i++) {
      charged.add(new CounterTable.Charged(slots[i], units[i]));
    }
    return new Count(reader.readCompact("key"), charged);
  }

  private static void remembered(CompactWriter writer, CounterTable.Remembered one) {
    writer.writeString("id", one.id());
    writer.writeString("state", one.state().name());
    writer.writeArrayOfCompact("holds", one.holds().toArray(Reservation.Hold[]::new));
    writer.writeInt64("forgetAt", one.forgetAt());
  }

  private static CounterTable.Remembered remembered(CompactReader reader) {
    return new CounterTable.Remembered(
        reader.readString("id"),
        CounterTable.State.valueOf(reader.readString("state")),
        Arrays.asList(reader.readArrayOfCompact("holds", Reservation.Hold.class)),
        reader.readInt64("forgetAt"));
  }

  private static void table(CompactWriter writer, CounterTable table) {
    CounterTable.Contents contents = table.contents();
    writer.writeInt64("latest", contents.latest());
    writer.writeArrayOfCompact(
        "counts",
        contents.charged().entrySet().stream()
            .map(count -> new Count(count.getKey(), count.getValue()))
            .toArray(Count[]::new));
    writer.writeArrayOfCompact(
        "reservations", contents.reservations().toArray(CounterTable.Remembered[]::new));
  }

  private static CounterTable table(CompactReader reader) {
    Map<CounterKey, List<CounterTable.Charged>> charged = new HashMap<>();
    for (Count count : reader.readArrayOfCompact("counts", Count.class)) {
      charged.put(count.key(), count.charged());
    }
    return new CounterTable(
        new CounterTable.Contents(
            reader.readInt64("latest"),
            charged,
            Arrays.asList(
                reader.readArrayOfCompact("reservations", CounterTable.Remembered.class))));
  }

  private static void reserved(CompactWriter writer, Reserved reserved) {
    writer.writeString("id", reserved.reservation().id());
    writer.writeArrayOfCompact(
        "holds", reserved.reservation().holds().toArray(Reservation.Hold[]::new));
  }

  private static Reserved reserved(CompactReader reader) {
    return new Reserved(
        new Reservation(
            reader.readString("id"),
            Arrays.asList(reader.readArrayOfCompact("holds", Reservation.Hold.class))));
  }

  private static void exceeded(CompactWriter writer, Exceeded exceeded) {
    writer.writeCompact("key", exceeded.key());
    writer.writeDecimal("used", exceeded.used());
    writer.writeNullableInt64(
        "retryAfterMillis", exceeded.retryAfter().map(Duration::toMillis).orElse(null));
  }

  private static Exceeded exceeded(CompactReader reader) {
    return new Exceeded(
        reader.readCompact("key"),
        reader.readDecimal("used"),
        Optional.ofNullable(reader.readNullableInt64("retryAfterMillis")).map(Duration::ofMillis));
  }

  private static void unavailable(CompactWriter writer, Unavailable unavailable) {
    writer.writeCompact("key", unavailable.key());
    writer.writeString("cause", unavailable.cause());
  }

  private static Unavailable unavailable(CompactReader reader) {
    return new Unavailable(reader.readCompact("key"), reader.readString("cause"));
  }

  private static void usage(CompactWriter writer, CounterStore.Usage usage) {
    writer.writeDecimal("used", usage.used());
    writer.writeInt64("windowLeftMillis", usage.windowLeft().toMillis());
  }

  private static CounterStore.Usage usage(CompactReader reader) {
    return new CounterStore.Usage(
        reader.readDecimal("used"), Duration.ofMillis(reader.readInt64("windowLeftMillis")));
  }

  private static <T> CompactSerializer<T> of(
      String name,
      Class<T> type,
      BiConsumer<CompactWriter, T> write,
      Function<CompactReader, T> read) {
    return new CompactSerializer<>() {
      @Override
      public T read(CompactReader reader) {
        return read.apply(reader);
      }

      @Override
      public void write(CompactWriter writer, T value) {
        write.accept(writer, value);
      }

      @Override
      public String getTypeName() {
        return "tallygate." + name;
      }

      @Override
      public Class<T> getCompactClass() {
        return type;
      }
    };
  }
}
