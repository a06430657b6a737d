package dev.tallygate.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class InMemorySessionStoreTest extends SessionStoreContract {
  private final AtomicLong nanos = new AtomicLong();
  private final InMemorySessionStore store = new InMemorySessionStore(nanos::get);

  @Override
  protected SessionStore node(int number) {
    return store;
  }

  @Override
  protected void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
    store.tidy();
  }

  @Test
  void sessionsAreCountedWhileTheyAreOpen() {
    // Given
    SessionKey key = new SessionKey("a", "id");

    // When
    KnownSession session = join(store.open(key, new Opening("alice", Set.of()))).orElseThrow();
    join(store.open(key, new Opening("alice", Set.of())));

    // Then
    assertThat(store.known()).isEqualTo(1);
    join(store.end(session));
    assertThat(store.known()).isZero();
  }

  @Test
  void everyAnswerIsThereAtOnce() {
    // Given
    SessionKey key = new SessionKey("a", "id");

    // Then
    assertThat(store.open(key, new Opening("alice", Set.of())).toCompletableFuture()).isDone();
    assertThat(store.find(key, "alice").toCompletableFuture()).isDone();
    assertThat(store.find(key, "bob").toCompletableFuture()).isDone();
  }
}
