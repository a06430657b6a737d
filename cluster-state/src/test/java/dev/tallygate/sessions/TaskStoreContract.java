package dev.tallygate.sessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * What every {@link TaskStore} must pass. A store's own test extends this class, and says which
 * nodes there are.
 */
public abstract class TaskStoreContract {
  /** Of this test alone, since stores are shared by tests. */
  private final String alice = "alice-" + UUID.randomUUID();

  private final String bob = "bob-" + UUID.randomUUID();
  private final String server = "server of " + alice;

  /** The store as the node of that number has it; numbers beyond the last begin anew. */
  protected abstract TaskStore node(int number);

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }

  private void began(int node, String task, String grantId) {
    join(node(node).began(server, task, grantId));
  }

  private boolean owns(int node, String grantId, String... tasks) {
    return join(node(node).owns(grantId, server, List.of(tasks)));
  }

  @Test
  void taskIsItsBeginnersOnItsServerOnEveryNode() {
    // When
    began(0, "id", alice);

    // Then
    for (int node = 0; node < 3; node++) {
      assertThat(owns(node, alice, "id")).isTrue();
      assertThat(owns(node, bob, "id")).isFalse();
      assertThat(owns(node, alice, "other")).isFalse();
      assertThat(join(node(node).owns(alice, "other", List.of("id")))).isFalse();
      Predicate<String> own = join(node(node).tasksOf(alice, server));
      assertThat(own.test("id")).isTrue();
      assertThat(own.test("other")).isFalse();
      assertThat(join(node(node).tasksOf(bob, server)).test("id")).isFalse();
      assertThat(join(node(node).tasksOf(alice, "other")).test("id")).isFalse();
    }
  }

  @Test
  void oneForeignTaskAmongOwnOnesIsEnough() {
    // Given
    began(0, "a", alice);
    began(1, "b", alice);
    began(2, "c", bob);

    // Then
    assertThat(owns(1, alice, "a", "b")).isTrue();
    assertThat(owns(1, alice, "a", "b", "c")).isFalse();
    assertThat(owns(1, alice, "a", "absent")).isFalse();
  }

  @Test
  void taskOfAnotherGrantIsNotTakenOver() {
    // Given
    began(0, "id", alice);

    // When
    began(1, "id", bob);
    began(0, "id", alice);

    // Then
    assertThat(owns(0, alice, "id")).isTrue();
    assertThat(owns(1, bob, "id")).isFalse();
    assertThat(join(node(2).tasksOf(bob, server)).test("id")).isFalse();
  }

  @Test
  void latestTasksOfAGrantAreRemembered() {
    // Given
    began(0, "bobs", bob);

    // When
    for (int i = 0; i <= TaskStore.MAX_PER_GRANT; i++) {
      began(i, "t" + i, alice);
    }

    // Then
    assertThat(owns(0, alice, "t0")).isFalse();
    assertThat(owns(0, alice, "t1")).isTrue();
    assertThat(owns(1, alice, "t" + TaskStore.MAX_PER_GRANT)).isTrue();
    assertThat(owns(1, bob, "bobs")).isTrue();
  }

  @Test
  void tasksEndWithTheirGrant() {
    // Given
    began(0, "alices", alice);
    began(0, "bobs", bob);
    node(1).retainOnly(Set.of(alice, bob));

    // When
    node(1).retainOnly(Set.of(bob));

    // Then
    await().atMost(Duration.ofSeconds(60)).until(() -> !owns(2, alice, "alices"));
    assertThat(join(node(0).tasksOf(alice, server)).test("alices")).isFalse();
    assertThat(owns(0, bob, "bobs")).isTrue();
  }

  @Test
  void overlongIdIsNobodys() {
    // When
    began(0, "x".repeat(257), alice);

    // Then
    assertThat(owns(0, alice, "x".repeat(257))).isFalse();
  }
}
