package dev.tallygate.durability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same of both databases. */
class RowTableTest {
  private static TestPostgres postgres;

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    postgres = new TestPostgres();
  }

  @AfterAll
  static void stop() {
    postgres.close();
  }

  @ParameterizedTest
  @EnumSource
  void rowIsReadAsItWasWritten(DatabaseSettings.Kind kind) throws Exception {
    try (RowTable table = table(kind, "reads")) {
      // Given
      byte[] counts = {0, 1, -128, 127};
      String longSubject = "SESSION:" + "s".repeat(5000);

      // When
      table.write(List.of(new Row("GRANT:a", 3, 99, counts, false)));
      table.write(List.of(new Row(longSubject, 4, 100, counts, false)));

      // Then
      for (String subject : List.of("GRANT:a", longSubject)) {
        Row read = table.read(subject).orElseThrow();
        assertThat(read.subject()).isEqualTo(subject);
        assertThat(read.counts()).containsExactly(counts);
      }
      assertThat(table.read("GRANT:a").orElseThrow().change()).isEqualTo(3);
      assertThat(table.read("GRANT:a").orElseThrow().endsAt()).isEqualTo(99);
      assertThat(table.read("GRANT:b")).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void writeThatComesLateTakesNothingBack(DatabaseSettings.Kind kind) throws Exception {
    try (RowTable table = table(kind, "late")) {
      // Given
      table.write(List.of(row("a", 7, 70), row("b", 7, 70)));

      // When
      Set<String> superseded =
          table.write(List.of(row("a", 6, 60), row("b", 8, 80), row("c", 1, 10)));

      // Then
      assertThat(superseded).containsExactly("a");
      assertThat(
              Stream.of("a", "b", "c")
                  .map(subject -> read(table, subject).map(Row::endsAt).orElse(0L)))
          .containsExactly(70L, 80L, 10L);
    }
  }

  @ParameterizedTest
  @EnumSource
  void clustersOnOneDatabaseDoNotSeeEachOther(DatabaseSettings.Kind kind) throws Exception {
    try (RowTable one = table(kind, "one");
        RowTable other = table(kind, "other")) {
      // When
      one.write(List.of(row("a", 1, 10)));
      other.deleteEndedBefore(1000, 10);

      // Then
      assertThat(other.read("a")).isEmpty();
      assertThat(one.read("a")).isPresent();
    }
  }

  @ParameterizedTest
  @EnumSource
  void onlyWhatHasEndedIsDeletedAndNoMoreAtATimeThanAskedFor(DatabaseSettings.Kind kind)
      throws Exception {
    try (RowTable table = table(kind, "sweep")) {
      // Given
      table.write(List.of(row("a", 1, 10), row("b", 1, 20), row("c", 1, 30), row("d", 1, 40)));

      // When
      int first = table.deleteEndedBefore(40, 2);
      int second = table.deleteEndedBefore(40, 2);

      // Then
      assertThat(List.of(first, second)).containsExactly(2, 1);
      assertThat(table.read("d")).isPresent();
    }
  }

  @ParameterizedTest
  @EnumSource
  void rowsOfAnotherFormatAreRefusedWithTheTableAndTheCure(DatabaseSettings.Kind kind)
      throws Exception {
    try (RowTable table = table(kind, "formats");
        RowTable stranger = table(kind, "stranger")) {
      // Given
      stranger.write(List.of(row("a", 1, 10)));
      table.write(List.of(row("a", 1, 10)));
      table.execute("UPDATE tallygate_counts SET format = 2 WHERE cluster = 'formats'");

      // When // Then
      assertThatThrownBy(table::check)
          .isInstanceOf(DatabaseRefused.class)
          .hasMessageStartingWith("the table tallygate_counts of jdbc:")
          .hasMessageContaining("in format 2, and this release reads format 1")
          .hasMessageContaining("DELETE FROM tallygate_counts WHERE cluster = 'formats'")
          .message()
          .doesNotContain("\n");
      assertThatThrownBy(() -> table.read("a")).isInstanceOf(DatabaseRefused.class);
      assertThat(table.write(List.of(row("a", 2, 20)))).containsExactly("a");
      stranger.check();
    }
  }

  @ParameterizedTest
  @EnumSource
  void tableOfAnotherShapeIsRefused(DatabaseSettings.Kind kind) throws Exception {
    try (RowTable table = table(kind, "shapes")) {
      // Given
      table.execute("ALTER TABLE tallygate_counts RENAME COLUMN counts TO cents");

      // When // Then
      assertThatThrownBy(table::check)
          .isInstanceOf(DatabaseRefused.class)
          .hasMessageContaining("tallygate_counts")
          .hasMessageContaining("name a database without it");
      table.execute("ALTER TABLE tallygate_counts RENAME COLUMN cents TO counts");
    }
  }

  private RowTable table(DatabaseSettings.Kind kind, String cluster) throws Exception {
    DatabaseSettings settings =
        kind == DatabaseSettings.Kind.H2
            ? DatabaseSettings.h2(folder.resolve("counts").toString())
            : postgres.settings();
    RowTable table = new RowTable(settings, cluster);
    table.check();
    return table;
  }

  private static Optional<Row> read(RowTable table, String subject) {
    try {
      return table.read(subject);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static Row row(String subject, long change, long endsAt) {
    return new Row(subject, change, endsAt, new byte[] {1}, false);
  }
}
