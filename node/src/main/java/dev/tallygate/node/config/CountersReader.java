package dev.tallygate.node.config;

import dev.tallygate.durability.DatabaseSettings;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.durability.DurabilitySettings.Mode;
import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.node.config.YamlNode.Scalar;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reads {@code counters}: whether counts of limits are written down, and where. */
final class CountersReader {
  static final List<String> KEYS = List.of("durability", "shortestWindow", "database");
  static final List<String> DATABASE_KEYS = List.of("url", "user", "password");

  private static final String H2 = "jdbc:h2:file:";

  private final Findings findings;
  private final Surroundings surroundings;

  CountersReader(Findings findings, Surroundings surroundings) {
    this.findings = findings;
    this.surroundings = surroundings;
  }

  /**
   * Empty where counts live in memory only, and where what is written is of no use; then there is a
   * finding.
   *
   * @param clustered whether the node belongs to a cluster
   * @param cluster its place there, as far as it could be read
   */
  Optional<DurabilitySettings> read(
      Fields fields, boolean clustered, Optional<ClusterSettings> cluster) {
    Optional<String> durability =
        fields.unlessOff(
            "durability",
            "none",
            List.of("seconds", "strict"),
            "nothing else of `counters` counts; say seconds or strict, or remove the other keys");
    if (durability.isEmpty()) {
      return Optional.empty();
    }
    if (cluster.isPresent() && cluster.get().role() == ClusterSettings.Role.GATEWAY) {
      fields.wrong("is for those that hold counts, and a gateway holds none; remove it here");
      return Optional.empty();
    }
    Duration shortest =
        fields
            .duration("shortestWindow", Duration.ZERO, DurabilitySettings.LONGEST_SHORTEST_WINDOW)
            .orElse(DurabilitySettings.DEFAULT_SHORTEST_WINDOW);
    fields.require(
        "database",
        "say where counts are written: database: { url: "
            + (clustered ? "\"jdbc:postgresql://db.example.org/tallygate\"" : H2 + "counts")
            + " }");
    Mode mode = durability.get().equals("strict") ? Mode.STRICT : Mode.SECONDS;
    return fields
        .fields("database", DATABASE_KEYS)
        .flatMap(database -> database(database, clustered))
        .map(
            database ->
                new DurabilitySettings(
                    mode, shortest, DurabilitySettings.DEFAULT_ANSWER_WITHIN, database));
  }

  private Optional<DatabaseSettings> database(Fields fields, boolean clustered) {
    fields.require("url", "write it as " + H2 + "counts or jdbc:postgresql://host/database");
    Optional<String> url =
        fields.text("url").isPresent() ? followed(fields, "url") : Optional.empty();
    Optional<String> user = followed(fields, "user");
    Optional<String> password = password(fields);
    if (url.isEmpty()) {
      return Optional.empty();
    }
    Optional<DatabaseSettings.Kind> kind = DatabaseSettings.kindOf(url.get());
    if (kind.isEmpty()) {
      if (surroundings.followed()) {
        fields.error("url", "must begin with " + H2 + " or jdbc:postgresql:");
      }
      return Optional.empty();
    }
    if (kind.get() == DatabaseSettings.Kind.POSTGRESQL) {
      if (!clustered) {
        fields.error(
            "url",
            "is a server's, and a node that stands alone keeps its counts in a file: "
                + H2
                + "counts; or make it a cluster of one: cluster: { role: member, dataMembers: 1 }");
        return Optional.empty();
      }
      if (url.get().toLowerCase(Locale.ROOT).contains("password=")) {
        fields.error("url", "holds a password; move it to `password`: \"${env:DB_PASSWORD}\"");
        return Optional.empty();
      }
      return Optional.of(new DatabaseSettings(url.get(), user, password));
    }
    if (clustered) {
      fields.error(
          "url",
          "is a file, which one process alone can use; the members of a cluster need a server:"
              + " jdbc:postgresql://host/database");
      return Optional.empty();
    }
    return file(fields, url.get().substring(H2.length()))
        .map(path -> new DatabaseSettings(H2 + path, user, password));
  }

  /** H2 would take what follows a semicolon for settings, and some of those run commands. */
  private Optional<Path> file(Fields fields, String written) {
    if (written.isBlank() || written.contains(";")) {
      fields.error("url", "must be " + H2 + " and the name of a file, without settings");
      return Optional.empty();
    }
    try {
      return Optional.of(surroundings.path(written));
    } catch (IOException e) {
      fields.error("url", e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<String> password(Fields fields) {
    Optional<String> written = fields.text("password");
    if (written.isPresent() && !written.get().contains("${")) {
      fields.error("password", "is a secret; write where it is: \"${env:TALLYGATE_DB_PASSWORD}\"");
      return Optional.empty();
    }
    return followed(fields, "password");
  }

  private Optional<String> followed(Fields fields, String key) {
    return fields
        .node(key)
        .filter(Scalar.class::isInstance)
        .flatMap(
            node ->
                new References(findings, surroundings).follow(fields.pointer(key), (Scalar) node));
  }
}
