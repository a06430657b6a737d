package dev.tallygate.durability;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;

/**
 * The table of a database that holds the counts of a cluster, a row for each subject. A row is only
 * ever replaced by a newer one, so that a write which comes late takes nothing back, and never by
 * one that is written as an older release does.
 *
 * <p>Methods block, for some seconds where the database does not answer. Thread-safe.
 */
final class RowTable implements AutoCloseable {
  static final String NAME = "tallygate_counts";

  private static final int CONNECTIONS = 5;
  private static final int CONNECT_MILLIS = 2000;
  private static final String SOCKET_SECONDS = "5";

  /** An index of PostgreSQL takes no longer keys than some 2700 bytes. */
  private static final int LONGEST_KEY = 255;

  private static final String SYNTAX_OR_ACCESS = "42";
  private static final Set<String> NO_SUCH_TABLE = Set.of("42P01", "42S02", "42S04");

  private final HikariDataSource source;
  private final DatabaseSettings settings;
  private final Dialect dialect;
  private final String cluster;

  /**
   * @param cluster whose rows these are; others in the table are left alone
   */
  RowTable(DatabaseSettings settings, String cluster) {
    this.settings = settings;
    this.cluster = cluster;
    this.dialect = Dialect.valueOf(settings.kind().name());
    HikariConfig pool = new HikariConfig();
    pool.setPoolName("tallygate-counts");
    pool.setJdbcUrl(dialect.url(settings.url()));
    settings.user().ifPresent(pool::setUsername);
    settings.password().ifPresent(pool::setPassword);
    pool.setMaximumPoolSize(CONNECTIONS);
    pool.setMinimumIdle(CONNECTIONS);
    pool.setConnectionTimeout(CONNECT_MILLIS);
    pool.setValidationTimeout(CONNECT_MILLIS / 2);
    pool.setInitializationFailTimeout(-1);
    pool.setDataSourceProperties(dialect.properties());
    source = new HikariDataSource(pool);
  }

  /** The two databases, where they differ. */
  private enum Dialect {
    H2(
        "",
        "MERGE INTO tallygate_counts AS t USING (VALUES (CAST(? AS VARCHAR), CAST(? AS VARCHAR),"
            + " CAST(? AS INTEGER), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS VARBINARY)))"
            + " AS n (cluster, subject, format, change_number, ends_at, counts)"
            + " ON t.cluster = n.cluster AND t.subject = n.subject"
            + " WHEN MATCHED AND t.change_number <= n.change_number AND t.format <= n.format"
            + " THEN UPDATE SET"
            + " format = n.format, change_number = n.change_number, ends_at = n.ends_at,"
            + " counts = n.counts"
            + " WHEN NOT MATCHED THEN INSERT"
            + " VALUES (n.cluster, n.subject, n.format, n.change_number, n.ends_at, n.counts)") {
      @Override
      String url(String url) {
        // Space of what was replaced is used again at once, since what replaced it is on disk.
        return url + ";RETENTION_TIME=0;DB_CLOSE_ON_EXIT=FALSE";
      }

      @Override
      void force(Connection connection) throws SQLException {
        // A commit alone stays in memory for half a second. With WRITE_DELAY=0 it does not, but
        // then
        // H2 never makes its file smaller: 20 kB for each commit.
        try (Statement statement = connection.createStatement()) {
          statement.execute("CHECKPOINT SYNC");
        }
      }
    },
    POSTGRESQL(
        // Rows are replaced all the time: room beside them, and no index that would be changed too.
        " WITH (fillfactor = 50)",
        "INSERT INTO tallygate_counts AS t"
            + " (cluster, subject, format, change_number, ends_at, counts)"
            + " VALUES (?, ?, ?, ?, ?, ?)"
            + " ON CONFLICT (cluster, subject) DO UPDATE SET format = EXCLUDED.format,"
            + " change_number = EXCLUDED.change_number, ends_at = EXCLUDED.ends_at,"
            + " counts = EXCLUDED.counts"
            + " WHERE t.change_number <= EXCLUDED.change_number AND t.format <= EXCLUDED.format");

    private final String create;
    private final String write;

    Dialect(String storage, String write) {
      this.create =
          "CREATE TABLE IF NOT EXISTS tallygate_counts (cluster VARCHAR(63) NOT NULL,"
              + " subject VARCHAR(255) NOT NULL, format INTEGER NOT NULL,"
              + " change_number BIGINT NOT NULL, ends_at BIGINT NOT NULL, counts BYTEA NOT NULL,"
              + " PRIMARY KEY (cluster, subject))"
              + storage;
      this.write = write;
    }

    String url(String url) {
      return url;
    }

    /** Has the disk keep what was committed, where a commit does not. */
    void force(Connection connection) throws SQLException {}

    Properties properties() {
      Properties properties = new Properties();
      if (this == POSTGRESQL) {
        properties.setProperty("connectTimeout", "1");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("socketTimeout", SOCKET_SECONDS);
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("ApplicationName", "tallygate");
      }
      return properties;
    }
  }

  /**
   * Makes the table where there is none, and looks whether this release can read it.
   *
   * @throws DatabaseRefused where it cannot
   */
  void check() throws SQLException, DatabaseRefused {
    // Not of the pool, which would try for seconds what cannot be, and not say why.
    try (Connection connection = connect()) {
      create(connection);
      try (PreparedStatement query =
          connection.prepareStatement(
              "SELECT format, change_number, ends_at, counts FROM tallygate_counts"
                  + " WHERE cluster = ? AND format <> ? FETCH FIRST 1 ROWS ONLY")) {
        query.setString(1, cluster);
        query.setInt(2, CountsCodec.FORMAT);
        try (ResultSet found = query.executeQuery()) {
          if (found.next()) {
            throw otherFormat(found.getInt(1));
          }
        }
      }
      source.getConnection().close();
    } catch (SQLException e) {
      if (e.getSQLState() != null && e.getSQLState().startsWith(SYNTAX_OR_ACCESS)) {
        throw new DatabaseRefused(
            "the table "
                + NAME
                + " of "
                + settings
                + " is not one that this release can use: "
                + why(e)
                + "; give its user the right to create and use it, or name a database without it");
      }
      throw e;
    }
  }

  private Connection connect() throws SQLException {
    Properties properties = dialect.properties();
    settings.user().ifPresent(user -> properties.setProperty("user", user));
    settings.password().ifPresent(password -> properties.setProperty("password", password));
    return DriverManager.getConnection(dialect.url(settings.url()), properties);
  }

  private void create(Connection connection) throws SQLException {
    if (exists(connection)) {
      return;
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(dialect.create);
    } catch (SQLException e) {
      // Two members that create it at once can hinder each other; one of them has it then.
      if (!exists(connection)) {
        throw e;
      }
    }
  }

  private static boolean exists(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT 1 FROM tallygate_counts WHERE 1 = 0");
      return true;
    } catch (SQLException e) {
      if (NO_SUCH_TABLE.contains(String.valueOf(e.getSQLState()))) {
        return false;
      }
      throw e;
    }
  }

  private DatabaseRefused otherFormat(int format) {
    return new DatabaseRefused(
        "the table "
            + NAME
            + " of "
            + settings
            + " has counts of \""
            + cluster
            + "\" in format "
            + format
            + ", and this release reads format "
            + CountsCodec.FORMAT
            + "; start the release that wrote them, or let windows begin anew: DELETE FROM "
            + NAME
            + " WHERE cluster = '"
            + cluster
            + "'");
  }

  Optional<Row> read(String subject) throws SQLException, DatabaseRefused {
    try (Connection connection = source.getConnection();
        PreparedStatement query =
            connection.prepareStatement(
                "SELECT format, change_number, ends_at, counts FROM tallygate_counts"
                    + " WHERE cluster = ? AND subject = ?")) {
      query.setString(1, cluster);
      query.setString(2, key(subject));
      try (ResultSet found = query.executeQuery()) {
        if (!found.next()) {
          return Optional.empty();
        }
        if (found.getInt(1) != CountsCodec.FORMAT) {
          throw otherFormat(found.getInt(1));
        }
        return Optional.of(
            new Row(subject, found.getLong(2), found.getLong(3), found.getBytes(4), false));
      }
    }
  }

  /**
   * Writes all or, where it fails, maybe some.
   *
   * @return the subjects of those that were not, since what is there is as new, or of a release
   *     that is newer
   */
  Set<String> write(Collection<Row> rows) throws SQLException {
    // In one order, so that two members that write the same rows do not wait for each other.
    List<Row> inOrder = rows.stream().sorted(Comparator.comparing(Row::subject)).toList();
    try (Connection connection = source.getConnection()) {
      // One row alone is a transaction by itself, which saves asking the database twice.
      boolean alone = inOrder.size() == 1;
      connection.setAutoCommit(alone);
      try (PreparedStatement statement = connection.prepareStatement(dialect.write)) {
        for (Row row : inOrder) {
          statement.setString(1, cluster);
          statement.setString(2, key(row.subject()));
          statement.setInt(3, CountsCodec.FORMAT);
          statement.setLong(4, row.change());
          statement.setLong(5, row.endsAt());
          statement.setBytes(6, row.counts());
          statement.addBatch();
        }
        Set<String> superseded = new HashSet<>();
        int[] written = statement.executeBatch();
        for (int i = 0; i < written.length; i++) {
          if (written[i] == 0) {
            superseded.add(inOrder.get(i).subject());
          }
        }
        if (!alone) {
          connection.commit();
        }
        dialect.force(connection);
        return superseded;
      }
    }
  }

  /**
   * Deletes rows that count no more.
   *
   * @param most at a time
   * @return how many
   */
  int deleteEndedBefore(long epochMillis, int most) throws SQLException {
    try (Connection connection = source.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "DELETE FROM tallygate_counts WHERE cluster = ? AND ends_at < ? AND subject IN"
                    + " (SELECT subject FROM tallygate_counts WHERE cluster = ? AND ends_at < ?"
                    + " FETCH FIRST ? ROWS ONLY)")) {
      statement.setString(1, cluster);
      statement.setLong(2, epochMillis);
      statement.setString(3, cluster);
      statement.setLong(4, epochMillis);
      statement.setInt(5, most);
      return statement.executeUpdate();
    }
  }

  /** Whether it answers. */
  void ask() throws SQLException {
    execute("SELECT 1");
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Why something failed, in one line: what lies beneath says more than what was made of it. */
  static String why(Throwable failure) {
    Throwable deepest = failure;
    while (deepest.getCause() != null && deepest.getCause().getMessage() != null) {
      deepest = deepest.getCause();
    }
    return String.valueOf(deepest.getMessage()).lines().findFirst().orElse("").strip();
  }

  private static String key(String subject) {
    if (subject.length() <= LONGEST_KEY) {
      return subject;
    }
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(subject.getBytes(StandardCharsets.UTF_8));
      return "sha256:" + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() {
    source.close();
  }
}
