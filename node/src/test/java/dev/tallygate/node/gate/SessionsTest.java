package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SessionsTest {
  private final AtomicLong nanos = new AtomicLong();
  private final Sessions sessions = new Sessions(nanos::get);

  @Test
  void sessionIsFoundByItsOwnerOnItsServerOnly() {
    // When
    boolean opened = sessions.open("a", "id", "alice");

    // Then
    assertThat(opened).isTrue();
    assertThat(sessions.find("a", "id", "alice")).isPresent();
    assertThat(sessions.find("a", "id", "bob")).isEmpty();
    assertThat(sessions.find("b", "id", "alice")).isEmpty();
    assertThat(sessions.find("a", "other", "alice")).isEmpty();
  }

  @Test
  void idOfAnotherGrantIsNotTakenOver() {
    // Given
    sessions.open("a", "id", "alice");

    // Then
    assertThat(sessions.open("a", "id", "bob")).isFalse();
    assertThat(sessions.find("a", "id", "alice")).isPresent();
    assertThat(sessions.open("b", "id", "bob")).isTrue();
  }

  @Test
  void idThatTheServerGivesItsOwnerAgainBeginsAnew() {
    // Given
    sessions.open("a", "id", "alice");
    Session before = sessions.find("a", "id", "alice").orElseThrow();
    before.asked("1");

    // When
    boolean again = sessions.open("a", "id", "alice");

    // Then
    assertThat(again).isTrue();
    assertThat(sessions.size()).isEqualTo(1);
    assertThat(sessions.find("a", "id", "alice").orElseThrow().answers("1")).isFalse();
  }

  @Test
  void grantHasRoomForSoManySessionsAndGetsItBack() {
    // Given
    for (int i = 0; i < Sessions.MAX_PER_GRANT; i++) {
      assertThat(sessions.open("a", "s" + i, "alice")).isTrue();
    }

    // Then
    assertThat(sessions.open("a", "more", "alice")).isFalse();
    assertThat(sessions.open("a", "more", "bob")).isTrue();
    sessions.end("a", "s0");
    sessions.end("a", "s0");
    assertThat(sessions.open("a", "s0", "alice")).isTrue();
    assertThat(sessions.open("a", "s1000", "alice")).isFalse();
  }

  @Test
  void silentSessionsMakeRoom() {
    // Given
    for (int i = 0; i < Sessions.MAX_PER_GRANT; i++) {
      sessions.open("a", "s" + i, "alice");
    }
    nanos.addAndGet(Sessions.MAX_IDLE.toNanos());
    sessions.find("a", "s7", "alice");
    nanos.addAndGet(1);

    // When
    boolean opened = sessions.open("a", "new", "alice");

    // Then
    assertThat(opened).isTrue();
    assertThat(sessions.size()).isEqualTo(2);
    assertThat(sessions.find("a", "s7", "alice")).isPresent();
  }

  @Test
  void questionIsAnsweredOnce() {
    // Given
    sessions.open("a", "id", "alice");
    Session session = sessions.find("a", "id", "alice").orElseThrow();

    // When
    session.asked("\"q\"");

    // Then
    assertThat(session.answers("q")).isFalse();
    assertThat(session.answers("\"q\"")).isTrue();
    assertThat(session.answers("\"q\"")).isFalse();
  }

  @Test
  void questionsAreBounded() {
    // Given
    Session session = new Session("id", "alice", 0);

    // When
    for (int i = 0; i < 1_001; i++) {
      session.asked(String.valueOf(i));
    }

    // Then
    assertThat(session.answers("999")).isTrue();
    assertThat(session.answers("1000")).isFalse();
  }
}
