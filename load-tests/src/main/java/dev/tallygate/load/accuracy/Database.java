package dev.tallygate.load.accuracy;

import dev.tallygate.durability.DatabaseSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A PostgreSQL server of its own, and a way to it that can be cut. Thread-safe. */
final class Database implements AutoCloseable {
  private static final String USER = "postgres";

  private final EmbeddedPostgres server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final int port;
  private ServerSocket door;

  private Database(EmbeddedPostgres server) throws IOException {
    this.server = server;
    this.port = listen(0);
  }

  static Database start() throws IOException {
    EmbeddedPostgres server =
        EmbeddedPostgres.builder()
            .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
            .setErrorRedirector(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      return new Database(server);
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  /** Where processes of a cluster find it. */
  String url() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + USER;
  }

  /** What a process needs beside the address. */
  static DatabaseSettings settings(String url) {
    return new DatabaseSettings(url, Optional.of(USER), Optional.of(USER));
  }

  /** Connections end, and new ones are refused. */
  synchronized void cut() throws IOException {
    door.close();
    open.forEach(Database::closeQuietly);
    open.clear();
  }

  /** Ends {@link #cut}. */
  synchronized void heal() throws IOException {
    listen(port);
  }

  private int listen(int at) throws IOException {
    ServerSocket next = new ServerSocket();
    next.setReuseAddress(true);
    next.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), at));
    door = next;
    daemon(() -> accept(next));
    return next.getLocalPort();
  }

  private void accept(ServerSocket at) {
    while (!at.isClosed()) {
      try {
        Socket client = at.accept();
        Socket inside = new Socket(InetAddress.getLoopbackAddress(), server.getPort());
        open.add(client);
        open.add(inside);
        daemon(() -> pass(client, inside));
        daemon(() -> pass(inside, client));
      } catch (IOException closed) {
        // the way is cut
      }
    }
  }

  private void pass(Socket from, Socket to) {
    try (InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      in.transferTo(out);
    } catch (IOException ended) {
      // one side has ended
    } finally {
      closeQuietly(from);
      closeQuietly(to);
      open.remove(from);
      open.remove(to);
    }
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "database");
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

  @Override
  public void close() throws IOException {
    cut();
    server.close();
  }
}
