package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Connections that bring nothing. */
class ConnectionsTest {
  private final AtomicLong now = new AtomicLong();
  private final Connections connections = new Connections(now::get);
  private final List<String> closed = new ArrayList<>();
  private final List<String> letGo = new ArrayList<>();

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
        },
        () -> letGo.add(name));
    return connection;
  }

  @Test
  void connectionThatBringsNoRequestIsClosed() {
    // Given
    open("silent");
    long limit = Connections.MAX_IDLE.toSeconds();

    // When
    pass(limit);
    boolean early = closed.contains("silent");
    pass(1);

    // Then
    assertThat(early).isFalse();
    assertThat(closed).containsExactly("silent");
  }

  @Test
  void connectionsAreAtRestOnceEveryAnswerIsSentAndNoneWasJustSent() {
    // Given
    open("unused");
    Object used = open("used");
    Object busy = open("busy");
    connections.requestBegan(used);
    connections.requestOver(used);
    connections.answerSent(used);
    connections.requestBegan(busy);

    // When
    connections.leave();
    boolean withACall = connections.areAtRest();
    connections.requestOver(busy);
    boolean withAnAnswerThatIsNotSent = connections.areAtRest();
    now.addAndGet(1);
    connections.answerSent(busy);
    now.addAndGet(Connections.REST.toNanos() - 1);
    boolean rightAfter = connections.areAtRest();
    now.addAndGet(1);

    // Then
    assertThat(letGo).containsExactlyInAnyOrder("unused", "used", "busy");
    assertThat(withACall).isFalse();
    assertThat(withAnAnswerThatIsNotSent).isFalse();
    assertThat(rightAfter).isFalse();
    assertThat(connections.areAtRest()).isTrue();
  }

  @Test
  void connectionsThatWereIdleBeforeTheNodeLeavesAreAtRestAtOnce() {
    // Given
    Object used = open("used");
    connections.requestBegan(used);
    connections.requestOver(used);
    connections.answerSent(used);

    // When
    connections.leave();

    // Then
    assertThat(connections.areAtRest()).isTrue();
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
    pass(Connections.MAX_IDLE.toSeconds() + 1);

    // Then
    assertThat(closedUnderARequest).isFalse();
    assertThat(closed).containsExactly("busy");
  }
}
