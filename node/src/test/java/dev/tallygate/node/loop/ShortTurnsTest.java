package dev.tallygate.node.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ShortTurnsTest {
  private static final int CONNECTIONS = 5 * InTurns.MAX_CHANNELS;

  private final Vertx vertx =
      Vertx.builder()
          .with(new VertxOptions().setEventLoopPoolSize(1))
          .withTransport(new ShortTurns())
          .build();
  private final List<Socket> clients = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (Socket client : clients) {
      client.close();
    }
    await().until(vertx.close()::succeeded);
  }

  @Test
  void whatIsAskedOfALoopDoesNotWaitForAllThatIsReady() throws Exception {
    // Given
    Context loop = vertx.getOrCreateContext();
    AtomicInteger open = new AtomicInteger();
    AtomicInteger read = new AtomicInteger();
    AtomicInteger readBeforeTask = new AtomicInteger();
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  open.incrementAndGet();
                  socket.handler(
                      bytes -> {
                        if (read.incrementAndGet() == 1) {
                          loop.runOnContext(task -> readBeforeTask.set(read.get()));
                        }
                      });
                });
    var listening = server.listen(0, InetAddress.getLoopbackAddress().getHostAddress());
    await().until(listening::succeeded);
    for (int i = 0; i < CONNECTIONS; i++) {
      clients.add(new Socket(InetAddress.getLoopbackAddress(), server.actualPort()));
    }
    await().until(() -> open.get() == CONNECTIONS);

    // When: all become ready while the loop is elsewhere
    CountDownLatch allSent = new CountDownLatch(1);
    loop.runOnContext(busy -> awaitUninterrupted(allSent));
    for (Socket client : clients) {
      client.getOutputStream().write('a');
    }
    allSent.countDown();

    // Then
    await().until(() -> read.get() == CONNECTIONS);
    assertThat(readBeforeTask.get()).isBetween(1, InTurns.MAX_CHANNELS);
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
