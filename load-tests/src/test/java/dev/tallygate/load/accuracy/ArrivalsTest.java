package dev.tallygate.load.accuracy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.policy.Algorithm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArrivalsTest {
  private static final int WINDOW_SECONDS = 10;
  private static final List<Column> COLUMNS =
      List.of(new Column(Algorithm.FIXED, 10, 1), new Column(Algorithm.SLIDING, 10, 1));

  @TempDir private Path folder;

  @Test
  void callsBelongToTheWindowThatTheirDecisionWasChargedTo() throws IOException {
    // Given: a fixed window that ends at 30 s, and a 60th of a sliding one, the 13th, which begins
    // after 2 s, that is charged until 12.167 s
    Path server = write("arrived", "a", "b");
    Path audit = write("audit", decision("a", 0, 30_000), decision("b", 1, 12_167));

    // When
    Arrivals arrivals = read(server, audit);

    // Then
    assertThat(arrivals.arrived())
        .containsExactly(new UnitLog.Entry(0, 0, 2, 1), new UnitLog.Entry(1, 0, 12, 1));
    assertThat(arrivals.unrecorded()).isZero();
  }

  @Test
  void callThatArrivesTwiceCountsTwice() throws IOException {
    // Given
    Path server = write("arrived", "a", "a");
    Path audit = write("audit", decision("a", 0, 30_000));

    // When, Then
    assertThat(read(server, audit).arrived()).hasSize(2);
  }

  @Test
  void callThatNoLogKnowsOfIsTold() throws IOException {
    // Given: a log whose last line is torn
    Path server = write("arrived", "a", "b");
    Path audit = write("audit", decision("a", 0, 30_000), "{\"seq\":2,\"event\":\"deci");

    // When, Then
    assertThat(read(server, audit).unrecorded()).isEqualTo(1);
  }

  @Test
  void whatWasGivenBackIsChargedNoMore() throws IOException {
    // Given
    Path server = write("arrived");
    Path audit =
        write(
            "audit",
            decision("a", 0, 30_000),
            "{\"event\":\"completion\",\"decisionId\":\"a\",\"refunded\":[\"grant-0-0\"]}");

    // When
    Arrivals arrivals = read(server, audit);

    // Then
    assertThat(arrivals.charged().stream().mapToLong(UnitLog.Entry::units).sum()).isZero();
  }

  private static Arrivals read(Path server, Path audit) throws IOException {
    return Arrivals.read(server, List.of(audit), COLUMNS, WINDOW_SECONDS);
  }

  private static String decision(String id, int column, long untilMillis) {
    return """
        {"event":"decision","decisionId":"%s","outcome":"allowed","charged":[{"scope":"grant",\
        "counter":"grant-%d-0","units":"1","until":"%s"}]}"""
        .formatted(id, column, Instant.ofEpochMilli(untilMillis));
  }

  private Path write(String name, String... lines) throws IOException {
    return Files.write(folder.resolve(name), List.of(lines));
  }
}
