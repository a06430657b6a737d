package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Connections that bring nothing. */
class IdleConnectionsTest {
  private final AtomicLong now = new AtomicLong();
  private final IdleConnections connections = new IdleConnections(now::get);
  private final List<String> closed = new ArrayList<>();

  private void pass(long seconds) {
    now.addAndGet(seconds * 1_000_000_000L);
    connections.closeIdle();
  }

  private Object open(String name) {
    Object connection = new Object();
    connections.opened(
        connection,
        () -> {
          closed.add(name);
          connections.closed(connection);
        });
    return connection;
  }

  @Test
  void connectionThatBringsNoRequestIsClosed() {
    // Given
    open("silent");
    long limit = IdleConnections.MAX_IDLE.toSeconds();

    // When
    pass(limit);
    boolean early = closed.contains("silent");
    pass(1);

    // Then
    assertThat(early).isFalse();
    assertThat(closed).containsExactly("silent");
  }

  @Test
  void connectionWithARequestStaysAndIsIdleFromItsEnd() {
    // Given
    Object busy = open("busy");
    connections.requestBegan(busy);
    connections.requestBegan(busy); // pipelined

    // When
    pass(10_000);
    connections.requestOver(busy);
    pass(10_000);
    boolean closedUnderARequest = !closed.isEmpty();
    connections.requestOver(busy);
    pass(IdleConnections.MAX_IDLE.toSeconds() + 1);

    // Then
    assertThat(closedUnderARequest).isFalse();
    assertThat(closed).containsExactly("busy");
  }
}
