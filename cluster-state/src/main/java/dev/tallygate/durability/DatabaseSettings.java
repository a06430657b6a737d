package dev.tallygate.durability;

import java.util.Optional;

/**
 * The database that counts are written to.
 *
 * @param url {@code jdbc:h2:file:} and a path, or {@code jdbc:postgresql:} and what its driver
 *     takes
 * @param user that may create a table there
 */
public record DatabaseSettings(String url, Optional<String> user, Optional<String> password) {
  private static final String H2 = "jdbc:h2:file:";
  private static final String POSTGRESQL = "jdbc:postgresql:";

  /** What kind of database it is. */
  public enum Kind {
    /** A file of this process alone. */
    H2,
    /** A server, for all members of a cluster. */
    POSTGRESQL
  }

  public DatabaseSettings {
    if (kindOf(url).isEmpty()) {
      throw new IllegalArgumentException("a database is at " + H2 + " or " + POSTGRESQL);
    }
  }

  /** Empty where the address is of neither kind. */
  public static Optional<Kind> kindOf(String url) {
    if (url.startsWith(H2)) {
      return Optional.of(Kind.H2);
    }
    return url.startsWith(POSTGRESQL) ? Optional.of(Kind.POSTGRESQL) : Optional.empty();
  }

  /** A file of this process alone. */
  public static DatabaseSettings h2(String path) {
    return new DatabaseSettings(H2 + path, Optional.empty(), Optional.empty());
  }

  public Kind kind() {
    return kindOf(url).orElseThrow();
  }

  /** The address without what may be a secret. */
  @Override
  public String toString() {
    return url.replaceFirst("[?;].*", "").replaceFirst("//[^/@]*@", "//");
  }
}
