package dev.tallygate.node.config;

import static dev.tallygate.node.config.ConfigFolder.BASE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tallygate.durability.DatabaseSettings;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.durability.DurabilitySettings.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CountersReaderTest {
  private static final String CLUSTER =
      "dataMembers: 3, join: { members: [localhost] }, dataDir: data,"
          + " secret: 0123456789abcdef }\n";

  private static final String MEMBER = "cluster: { role: member, " + CLUSTER;
  private static final String POSTGRES =
      "database: { url: \"jdbc:postgresql://db.example.org/tallygate\" }";

  @TempDir Path directory;
  private ConfigFolder folder;

  @BeforeEach
  void folder() {
    folder = new ConfigFolder(directory);
  }

  @Test
  void everythingIsReadAsWrittenAndThePasswordIsNotShown() throws ConfigRefused {
    // Given
    folder.environment.put("DB_PASSWORD", "not to be shown");
    folder.with(
        BASE
            + MEMBER
            + """
            counters:
              durability: strict
              shortestWindow: 1m
              database:
                url: jdbc:postgresql://db.example.org/tallygate?sslmode=require
                user: gate
                password: "${env:DB_PASSWORD}"
            """);

    // When
    DurabilitySettings durability = folder.config().durability().orElseThrow();

    // Then
    assertThat(durability.mode()).isEqualTo(Mode.STRICT);
    assertThat(durability.shortestWindow()).isEqualTo(Duration.ofMinutes(1));
    assertThat(durability.database().url())
        .isEqualTo("jdbc:postgresql://db.example.org/tallygate?sslmode=require");
    assertThat(durability.database().user()).contains("gate");
    assertThat(durability.database().password()).contains("not to be shown");
    assertThat(folder.config().toString()).doesNotContain("not to be shown");
    assertThat(folder.reader().readState(folder.file).durability()).contains(durability);
  }

  @Test
  void fileOfANodeThatStandsAloneIsRelativeToItsConfiguration() {
    // Given
    folder.with(
        BASE + "counters: { durability: seconds, database: { url: \"jdbc:h2:file:counts\" } }\n");

    // When
    DurabilitySettings durability = folder.config().durability().orElseThrow();

    // Then
    assertThat(durability.mode()).isEqualTo(Mode.SECONDS);
    assertThat(durability.shortestWindow()).isEqualTo(Duration.ofSeconds(10));
    assertThat(durability.database())
        .isEqualTo(DatabaseSettings.h2(directory.resolve("counts").toString()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "counters: {}\n", "counters: { durability: none }\n"})
  void countsLiveInMemoryUnlessToldOtherwise(String counters) {
    // Given
    folder.with(BASE + counters);

    // When // Then
    assertThat(folder.config().durability()).isEmpty();
  }

  /** The mark § stands before the place that a finding must name; it is not part of the text. */
  static Stream<Arguments> badTexts() {
    String h2 = "database: { url: \"jdbc:h2:file:counts\" }";
    return Stream.of(
        arguments("counters: { durability: §always }\n", "must be none, seconds or strict"),
        arguments("counters: { durability: §none, " + h2 + " }\n", "say seconds or strict"),
        arguments("counters: §{ " + h2 + " }\n", "say seconds or strict"),
        arguments("counters: { §durabilty: strict }\n", "did you mean `durability`?"),
        arguments("counters: §{ durability: strict }\n", "jdbc:h2:file:counts"),
        arguments(MEMBER + "counters: §{ durability: strict }\n", "jdbc:postgresql://"),
        arguments("counters: { durability: strict, database: §{} }\n", "`url` is missing"),
        arguments(
            "counters: { durability: strict, database: { url: §\"jdbc:mysql://db\" } }\n",
            "must begin with jdbc:h2:file: or jdbc:postgresql:"),
        arguments(
            "counters: { durability: strict, database: { url: §\"jdbc:h2:mem:counts\" } }\n",
            "must begin with jdbc:h2:file: or jdbc:postgresql:"),
        arguments(
            "counters: { durability: strict, " + POSTGRES.replace("\"j", "§\"j") + " }\n",
            "a node that stands alone keeps its counts in a file"),
        arguments(
            MEMBER + "counters: { durability: strict, " + h2.replace("\"j", "§\"j") + " }\n",
            "the members of a cluster need a server"),
        arguments(
            "cluster: { role: gateway, "
                + CLUSTER
                + "counters: §{ durability: strict, "
                + POSTGRES
                + " }\n",
            "a gateway holds none"),
        arguments(
            "counters: { durability: strict, shortestWindow: §2h, " + h2 + " }\n", "from 0s to 1h"),
        arguments(
            "counters: { durability: strict, database: { url:"
                + " §\"jdbc:h2:file:counts;INIT=RUNSCRIPT FROM 'x'\" } }\n",
            "without settings"),
        arguments(
            MEMBER
                + "counters: { durability: strict, database: { url:"
                + " §\"jdbc:postgresql://db/x?password=verysecret\" } }\n",
            "move it to `password`"),
        arguments(
            MEMBER
                + "counters: { durability: strict, database: { url: \"jdbc:postgresql://db/x\","
                + " password: §verysecret } }\n",
            "is a secret; write where it is"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badTexts")
  void settingsThatBreakPromisesAreToldWithPlaceAndCure(String marked, String cure) {
    // Given
    String place = folder.withMarked(BASE + marked);

    // When // Then
    assertThat(folder.findings())
        .anySatisfy(finding -> assertThat(finding).startsWith(place + ": ").contains(cure))
        .allSatisfy(finding -> assertThat(finding).doesNotContain("verysecret"));
  }
}
