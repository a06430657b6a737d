package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.spi.impl.executionservice.ExecutionService;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.EditionRefused;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.Registry.Enforcement;
import dev.tallygate.registry.Registry.Late;
import dev.tallygate.registry.Registry.NotPublished;
import dev.tallygate.registry.Registry.Outdated;
import dev.tallygate.registry.Registry.PublishResult;
import dev.tallygate.registry.Registry.Published;
import dev.tallygate.registry.RegistryDamaged;
import dev.tallygate.registry.RegistrySettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three data members and a gateway on loopback. */
@Timeout(300)
class RegistryClusterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;
  private final TestCluster cluster = new TestCluster(3);
  private final List<TestNode> nodes = new ArrayList<>();

  /** A process of the cluster that enforces by taking note. */
  private final class TestNode {
    final EmbeddedHazelcast hazelcast;
    final Registry registry;
    final List<Edition> enforced = new CopyOnWriteArrayList<>();
    volatile boolean refuses;

    TestNode(ClusterSettings settings, Optional<Path> data, Duration patience) throws IOException {
      hazelcast = EmbeddedHazelcast.start(settings);
      nodes.add(this);
      registry =
          hazelcast.registry(
              new RegistrySettings(settings.node(), 3, data, Duration.ofSeconds(15), patience));
      registry.follow(this::enforce);
    }

    private void enforce(Edition edition) throws EditionRefused {
      if (refuses) {
        throw new EditionRefused("no");
      }
      enforced.add(edition);
    }

    void close() {
      registry.close();
      hazelcast.close();
      nodes.remove(this);
    }

    /** Ends as a process does that is killed. */
    void kill() {
      if (registry != null) {
        registry.close();
      }
      hazelcast.member().getLifecycleService().terminate();
      nodes.remove(this);
    }
  }

  @AfterEach
  void stop() {
    List.copyOf(nodes).forEach(TestNode::kill);
  }

  private TestNode member(int index) throws IOException {
    return member(index, PATIENCE);
  }

  private TestNode member(int index, Duration patience) throws IOException {
    return new TestNode(
        cluster.member(index), Optional.of(folder.resolve("data-" + index)), patience);
  }

  private TestNode gateway() throws IOException {
    return new TestNode(cluster.gateway(), Optional.empty(), PATIENCE);
  }

  private List<TestNode> members() throws IOException {
    List<TestNode> all = List.of(member(0), member(1), member(2));
    await()
        .atMost(PATIENCE)
        .until(() -> all.stream().allMatch(n -> n.hazelcast.quorum().present() == 3));
    return all;
  }

  private static void awaitServing(TestNode node, long revision) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(node.registry.standing())
                    .isEqualTo(
                        new Registry.Standing(
                            revision, false, Optional.empty(), Optional.empty())));
  }

  private static void publish(TestNode on, long revision) throws InterruptedException {
    assertThat(on.registry.publish(revision - 1, document(revision), PATIENCE))
        .isInstanceOfSatisfying(
            Published.class,
            published -> {
              assertThat(published.revision()).isEqualTo(revision);
              assertThat(published.late()).isEmpty();
            });
  }

  private static String document(long revision) {
    return "{\"number\":" + revision + "}";
  }

  @Test
  void memberThatTakesNoCallsIsNeitherWaitedForNorFearedOnceItIsLost() throws Exception {
    // Given
    TestNode state =
        new TestNode(
            cluster.member(0).in(ClusterSettings.Role.STATE),
            Optional.of(folder.resolve("data-0")),
            PATIENCE);
    TestNode other = member(1);
    TestNode third = member(2);
    await().atMost(PATIENCE).until(() -> third.hazelcast.quorum().present() == 3);
    state.refuses = true;

    // When
    publish(other, 1);

    // Then
    awaitServing(third, 1);
    assertThat(other.registry.survey().nodes())
        .filteredOn(Registry.Enforcement::serves)
        .extracting(Registry.Enforcement::node)
        .containsExactlyInAnyOrder("member-1", "member-2");

    // When
    state.kill();
    await().atMost(PATIENCE).until(() -> other.hazelcast.quorum().present() == 2);

    // Then
    publish(other, 2);
  }

  @Test
  void everyNodeEnforcesWhatWasPublishedWhenPublishReturns() throws Exception {
    // Given
    List<TestNode> all = new ArrayList<>(members());
    publish(all.get(0), 1);
    TestNode gateway = gateway();
    awaitServing(gateway, 1);
    all.add(gateway);
    all.forEach(node -> awaitServing(node, 1));

    // When published on a member, and on the gateway
    publish(all.get(1), 2);
    List<Long> afterFirst = all.stream().map(n -> n.registry.standing().revision()).toList();
    publish(gateway, 3);
    List<Long> afterSecond = all.stream().map(n -> n.registry.standing().revision()).toList();

    // Then
    assertThat(afterFirst).containsOnly(2L);
    assertThat(afterSecond).containsOnly(3L);
    assertThat(all.get(2).enforced).contains(new Edition(3, document(3)));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(gateway.registry.survey().nodes())
                    .extracting(Enforcement::node)
                    .containsExactlyInAnyOrder("member-0", "member-1", "member-2", "gateway"));
    assertThat(all.get(0).registry.publish(1, "{}", PATIENCE)).isEqualTo(new Outdated(3));
  }

  @Test
  void nodeThatCannotEnforceItIsNamedAsLate() throws Exception {
    // Given
    TestNode impatient = member(0, Duration.ofSeconds(3));
    List<TestNode> others = List.of(member(1), member(2));
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(impatient.registry.standing().isEmpty()).isTrue());
    publish(others.get(0), 1);
    others.forEach(node -> awaitServing(node, 1));
    awaitServing(impatient, 1);

    // When
    others.get(1).refuses = true;

    // Then it alone is, as soon as the others answer in time
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(impatient.registry.publish(1, document(2), Duration.ofSeconds(3)))
                    .isInstanceOfSatisfying(
                        Published.class,
                        published ->
                            assertThat(published.late())
                                .containsExactly(
                                    new Late("member-2", "revision 2 cannot be enforced: no"))));
    others.get(1).refuses = false;
    awaitServing(others.get(1), 2);
  }

  @Test
  void majorityPublishesWithoutAKilledMemberWhichHasTheNewestWhenItIsBack() throws Exception {
    // Given
    List<TestNode> all = members();
    publish(all.get(0), 1);

    // When
    all.get(2).kill();
    publish(all.get(0), 2);
    TestNode back = member(2);
    awaitServing(back, 2);

    // Then
    assertThat(back.enforced).extracting(Edition::revision).containsExactly(2L);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(Files.readString(folder.resolve("data-2/registry.json")))
                    .contains("\"revision\":2,"));
  }

  @Test
  void coldStartServesTheNewestOnceAMajorityIsThereAndNoOlderDiskWins() throws Exception {
    // Given revision 1 on the disk of member 2, revision 2 on the others
    List<TestNode> all = members();
    publish(all.get(0), 1);
    all.forEach(node -> awaitServing(node, 1));
    all.get(2).kill();
    publish(all.get(1), 2);
    all.get(0).kill();
    all.get(1).kill();

    // When the one with the older disk is first
    TestNode older = member(2, Duration.ofSeconds(2));
    await()
        .atMost(PATIENCE)
        .until(() -> older.registry.standing().outage().orElse("").contains("1 of 3"));
    List<Edition> alone = List.copyOf(older.enforced);
    PublishResult refused = older.registry.publish(1, "{}", PATIENCE);
    TestNode newer = member(0);

    // Then
    assertThat(alone).isEmpty();
    assertThat(refused).isInstanceOf(NotPublished.class);
    awaitServing(older, 2);
    awaitServing(newer, 2);
    assertThat(older.enforced).extracting(Edition::document).containsExactly(document(2));
  }

  @Test
  void nodeThatWasLostIsLateUntilItMustHaveStopped() throws Exception {
    // Given
    TestNode impatient = member(0, Duration.ofSeconds(3));
    List<TestNode> others = List.of(member(1), member(2));
    await().atMost(PATIENCE).until(() -> impatient.registry.standing().isEmpty());
    publish(others.get(0), 1);
    awaitServing(impatient, 1);

    // When it says nothing as it goes
    others.get(1).hazelcast.member().getLifecycleService().terminate();
    await().atMost(PATIENCE).until(() -> impatient.hazelcast.quorum().present() == 2);

    // Then it alone is, as soon as the other answers in time
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(impatient.registry.publish(1, document(2), Duration.ofSeconds(3)))
                    .isInstanceOfSatisfying(
                        Published.class,
                        published ->
                            assertThat(published.late())
                                .singleElement()
                                .satisfies(
                                    late -> {
                                      assertThat(late.node()).isEqualTo("member-2");
                                      assertThat(late.reason())
                                          .contains("if it still runs, it stops serving");
                                    })));
    publish(others.get(0), 3);
  }

  @Test
  void nodeThatComesLaterKnowsWhoWasLostBefore() throws Exception {
    // Given
    List<TestNode> all = members();
    publish(all.get(0), 1);

    // When
    all.get(2).hazelcast.member().getLifecycleService().terminate();
    await().atMost(PATIENCE).until(() -> all.get(0).hazelcast.quorum().present() == 2);
    TestNode later = gateway();
    awaitServing(later, 1);
    PublishResult published = later.registry.publish(1, document(2), Duration.ofMillis(500));
    Published again =
        later.registry.awaitEnforced(new Edition(2, document(2)), Duration.ofMillis(500));

    // Then
    assertThat(published)
        .isInstanceOfSatisfying(
            Published.class, done -> assertThat(lateNodes(done)).contains("member-2"));
    assertThat(lateNodes(again)).contains("member-2");
    await().atMost(PATIENCE).until(() -> later.registry.survey().lost().isEmpty());
  }

  @Test
  void memberThatDoesNotAnswerIsToldAsOneThatMayServe() throws Exception {
    // Given
    List<TestNode> all = members();
    publish(all.get(0), 1);
    all.forEach(node -> awaitServing(node, 1));
    CountDownLatch busy = new CountDownLatch(1);
    ExecutionService threads =
        InnerNode.of(all.get(2).hazelcast.member()).getNodeEngine().getExecutionService();

    // When
    for (int i = 0; i < 100; i++) {
      threads.execute(MemberTasks.EXECUTOR, () -> awaitQuietly(busy));
    }
    Registry.Survey survey = all.get(0).registry.survey();
    busy.countDown();

    // Then
    assertThat(survey.lost()).containsExactly(new Late("member-2", "it does not answer"));
    assertThat(survey.nodes())
        .extracting(Enforcement::node)
        .containsExactlyInAnyOrder("member-0", "member-1");
  }

  @Test
  void memberWithoutARegistryYetServesNobody() throws Exception {
    // Given
    List<TestNode> all = members();
    publish(all.get(0), 1);
    all.forEach(node -> awaitServing(node, 1));

    // When
    all.get(2).hazelcast.member().getUserContext().remove(RegistryPart.KEY);
    Registry.Survey survey = all.get(0).registry.survey();

    // Then
    assertThat(survey.lost()).isEmpty();
    assertThat(survey.nodes())
        .filteredOn(Enforcement::serves)
        .extracting(Enforcement::node)
        .containsExactlyInAnyOrder("member-0", "member-1");
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<String> lateNodes(Published published) {
    return published.late().stream().map(Late::node).toList();
  }

  @Test
  void minorityPublishesNothing() throws Exception {
    // Given
    TestNode last = member(0, Duration.ofSeconds(2));
    List<TestNode> others = List.of(member(1), member(2));
    await().atMost(PATIENCE).until(() -> last.registry.standing().isEmpty());
    publish(others.get(0), 1);
    others.forEach(TestNode::kill);

    // When
    PublishResult result = last.registry.publish(1, "{}", PATIENCE);

    // Then
    assertThat(result).isInstanceOf(NotPublished.class);
    assertThat(last.registry.standing().revision()).isEqualTo(1);
  }

  @Test
  void damagedFileIsRefusedAndMovingItAwayIsTheCure() throws Exception {
    // Given
    List<TestNode> all = members();
    publish(all.get(0), 1);
    all.forEach(node -> awaitServing(node, 1));
    all.get(2).kill();
    await().atMost(PATIENCE).until(() -> all.get(0).hazelcast.quorum().present() == 2);
    Path file = folder.resolve("data-2/registry.json");
    Files.writeString(file, Files.readString(file).replace("\"number\":1", "\"number\":7"));

    // When
    assertThatThrownBy(() -> member(2))
        .isInstanceOf(RegistryDamaged.class)
        .hasMessageContaining(file.toString());
    nodes.get(nodes.size() - 1).hazelcast.close();
    nodes.remove(nodes.size() - 1);
    Files.move(file, file.resolveSibling("damaged.json"));
    TestNode cured = member(2);

    // Then
    awaitServing(cured, 1);
    assertThat(cured.enforced).containsExactly(new Edition(1, document(1)));
  }
}
