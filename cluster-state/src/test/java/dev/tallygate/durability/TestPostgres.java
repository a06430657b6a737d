package dev.tallygate.durability;

import dev.tallygate.FreePorts;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A database of its own on a PostgreSQL server that all tests of a JVM share, and a way there that
 * can be cut. The server refuses to run as root; its library then runs it in a user namespace.
 */
public final class TestPostgres implements AutoCloseable {
  private static final EmbeddedPostgres server = start();

  private final String database = "t" + UUID.randomUUID().toString().replace("-", "");
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final int port;
  private volatile ServerSocket door;

  /** What becomes of what is sent to the database. */
  public enum Way {
    OPEN,
    /** Connections end, and new ones are refused. */
    CUT,
    /** Nothing arrives, and nobody is told. */
    SILENT
  }

  private volatile Way way = Way.OPEN;

  public TestPostgres() {
    execute("postgres", "CREATE DATABASE " + database);
    port = FreePorts.one();
    listen(port);
  }

  private static EmbeddedPostgres start() {
    try {
      EmbeddedPostgres started =
          EmbeddedPostgres.builder().setPGStartupWait(Duration.ofSeconds(60)).start();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(started)));
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void stop(EmbeddedPostgres server) {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public DatabaseSettings settings() {
    return new DatabaseSettings(
        "jdbc:postgresql://127.0.0.1:" + port + "/" + database,
        Optional.of("postgres"),
        Optional.of("postgres"));
  }

  /** Runs a statement past the way that can be cut. */
  public void execute(String sql) {
    execute(database, sql);
  }

  private static void execute(String database, String sql) {
    try (Connection connection =
            DriverManager.getConnection(server.getJdbcUrl("postgres", database));
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public void set(Way next) {
    way = next;
    if (next == Way.CUT) {
      closeDoor();
      open.forEach(TestPostgres::closeQuietly);
      open.clear();
    } else if (next == Way.OPEN && door.isClosed()) {
      listen(port);
    } else if (next == Way.OPEN) {
      // What was sent into the silence is lost.
      open.forEach(TestPostgres::closeQuietly);
      open.clear();
    }
  }

  private void listen(int at) {
    try {
      door = new ServerSocket();
      door.setReuseAddress(true);
      door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), at));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    daemon(() -> accept(door));
  }

  private void accept(ServerSocket at) {
    while (!at.isClosed()) {
      try {
        Socket client = at.accept();
        Socket inside = new Socket(InetAddress.getLoopbackAddress(), server.getPort());
        open.add(client);
        open.add(inside);
        if (at.isClosed()) {
          // It was cut meanwhile.
          closeQuietly(client);
          closeQuietly(inside);
        }
        daemon(() -> pass(client, inside));
        daemon(() -> pass(inside, client));
      } catch (IOException e) {
        // the door is closed
      }
    }
  }

  private void pass(Socket from, Socket to) {
    try (InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      byte[] bytes = new byte[8192];
      for (int read = in.read(bytes); read > 0; read = in.read(bytes)) {
        if (way == Way.OPEN) {
          out.write(bytes, 0, read);
          out.flush();
        }
      }
    } catch (IOException e) {
      // one side has ended
    } finally {
      closeQuietly(from);
      closeQuietly(to);
      open.remove(from);
      open.remove(to);
    }
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "test-postgres");
    thread.setDaemon(true);
    thread.start();
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // it is closed
    }
  }

  private void closeDoor() {
    try {
      door.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    set(Way.CUT);
    execute("postgres", "DROP DATABASE " + database + " WITH (FORCE)");
  }
}
