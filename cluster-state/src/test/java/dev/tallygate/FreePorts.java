package dev.tallygate;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Ports on loopback that stay free until they are bound: the system draws those of connections, and
 * of whoever asks for any port, from higher ones.
 */
public final class FreePorts {
  private static final int LOWEST = 12_000;
  private static final int COUNT = 18_000;

  /** Somewhere else in each JVM, since others may run beside. */
  private static final AtomicInteger next =
      new AtomicInteger(ThreadLocalRandom.current().nextInt(COUNT));

  private FreePorts() {}

  /** One that this JVM was not given before. */
  public static int one() {
    while (true) {
      int port = LOWEST + next.getAndIncrement() % COUNT;
      try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return free.getLocalPort();
      } catch (IOException e) {
        // it is taken
      }
    }
  }

  public static List<Integer> some(int count) {
    return Stream.generate(FreePorts::one).limit(count).toList();
  }
}
