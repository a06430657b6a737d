package dev.tallygate.durability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.CounterTable.Contents;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowWriterTest {
  private static final CounterKey DAY =
      new CounterKey(Scope.GRANT, "a", "day", 86_400, Algorithm.FIXED);
  private static final CounterKey SECOND =
      new CounterKey(Scope.GRANT, "a", "second", 1, Algorithm.FIXED);

  @TempDir private Path folder;
  private DatabaseSettings database;

  @BeforeEach
  void file() {
    database = DatabaseSettings.h2(folder.resolve("counts").toString());
  }

  @Test
  void whoIsToldThatARowIsWrittenDoesNotFindItUnwritten() throws Exception {
    try (RowTable table = new RowTable(database, "one");
        RowWriter writer = writer(table, Duration.ZERO)) {
      // Given
      writer.start();

      for (int change = 1; change <= 50; change++) {
        // When
        CompletableFuture<Boolean> leftOver =
            writer
                .write(row("a", change))
                .thenApply(written -> written && writer.unwritten("a").isPresent());

        // Then
        assertThat(leftOver.get(60, TimeUnit.SECONDS)).isFalse();
      }
    }
  }

  @Test
  void whoWaitsWhenTheProcessEndsIsNotToldToGoOn() throws Exception {
    try (RowTable table = new RowTable(database, "one")) {
      // Given a row that gathers others for long
      RowWriter writer = writer(table, Duration.ofMinutes(10));
      writer.start();
      CompletableFuture<Boolean> before = writer.write(row("a", 1));

      // When
      writer.abandon();
      CompletableFuture<Boolean> after = writer.write(row("a", 2));

      // Then
      assertThat(before)
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableOfType(ExecutionException.class);
      assertThat(after)
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableOfType(ExecutionException.class);
    }
  }

  @Test
  void whoWaitsForARowThatIsOlderThanWhatIsThereIsNotToldToGoOn() throws Exception {
    try (RowTable table = new RowTable(database, "one");
        RowWriter writer = writer(table, Duration.ZERO)) {
      // Given
      writer.start();
      assertThat(writer.write(row("a", 7)).get(60, TimeUnit.SECONDS)).isTrue();

      // When
      CompletableFuture<Boolean> older = writer.write(row("a", 6));

      // Then
      assertThat(older)
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableOfType(ExecutionException.class);
      assertThat(table.read("a").orElseThrow().change()).isEqualTo(7);
    }
  }

  @Test
  void rowOfWhatBeganWithoutTheDatabaseKeepsWhatIsThere() throws Exception {
    try (RowTable table = new RowTable(database, "one");
        RowWriter writer = writer(table, Duration.ZERO)) {
      // Given a row with 9 of a day's 10, and a table that could not read it
      writer.start();
      CounterTable known = new CounterTable();
      known.reserve("r", List.of(claim(DAY, "9")), 1_000);
      CounterTable unread = new CounterTable(OptionalLong.of(1_000));
      unread.reserve("s", List.of(claim(SECOND, "1")), 2_000);

      // When
      assertThat(writer.write(row(known, 1, false)).get(60, TimeUnit.SECONDS)).isTrue();
      assertThat(writer.write(row(unread, 2, true)).get(60, TimeUnit.SECONDS)).isTrue();

      // Then
      Row kept = table.read("a").orElseThrow();
      CounterTable read = new CounterTable(CountsCodec.read(kept.counts()));
      assertThat(read.usage(DAY, 2_000).used()).isEqualByComparingTo("9");
      assertThat(read.usage(SECOND, 2_000).used()).isEqualByComparingTo("1");
      assertThat(kept.endsAt()).isEqualTo(86_400_000);
      assertThat(kept.change()).isEqualTo(2);
    }
  }

  private static Claim claim(CounterKey key, String units) {
    return new Claim(key, new BigDecimal(units), BigDecimal.TEN, OnStoreLoss.DENY);
  }

  private static Row row(CounterTable table, long change, boolean partial) {
    Contents contents = table.contents();
    return new Row("a", change, contents.endsAt(), CountsCodec.write(contents), partial);
  }

  private RowWriter writer(RowTable table, Duration gather) throws Exception {
    DatabaseWatch watch = new DatabaseWatch(database);
    watch.ensureChecked(table);
    watch.up();
    return new RowWriter(table, gather, watch);
  }

  private static Row row(String subject, long change) {
    return new Row(subject, change, 100, new byte[] {1}, false);
  }
}
