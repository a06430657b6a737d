package dev.tallygate.hazelcast;

import static org.awaitility.Awaitility.await;

import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterStoreContract;
import dev.tallygate.durability.DatabaseSettings;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.durability.DurabilitySettings.Mode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;

/** The contract, with every count written to a file before it is answered. */
class DurableCounterStoreTest extends CounterStoreContract {
  /** One member for all tests, jqwik's and Jupiter's; it ends with the JVM. */
  private static final EmbeddedHazelcast hazelcast;

  private static final String URL;

  static {
    try {
      // It is open until the JVM ends, so it is left to the next clean build.
      Path folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "counts");
      DatabaseSettings database = DatabaseSettings.h2(folder.resolve("counts").toString());
      URL = database.url();
      hazelcast =
          EmbeddedHazelcast.standalone(
              new DurabilitySettings(
                  Mode.STRICT, Duration.ZERO, HazelcastCounterStoreTest.PATIENT, database));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected CounterStore newStore(InstantSource clock) {
    hazelcast.member().getUserContext().put(LedgerOwner.CLOCK, clock);
    hazelcast.member().getMap(HazelcastCounterStore.MAP).clear();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> hazelcast.durability().orElseThrow().waiting() == 0);
    try (Connection connection = DriverManager.getConnection(URL);
        Statement statement = connection.createStatement()) {
      statement.execute("DELETE FROM tallygate_counts");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return HazelcastCounterStoreTest.patient(hazelcast);
  }

  @Override
  protected int entriesIn(CounterStore store) {
    return HazelcastCounterStoreTest.entriesIn(hazelcast);
  }
}
