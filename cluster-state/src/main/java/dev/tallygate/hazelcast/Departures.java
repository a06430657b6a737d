package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import dev.tallygate.registry.Registry.Late;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Nodes that were lost: each may have ended, or be cut off and go on by what it knows, until it has
 * been cut off for too long. Thread-safe.
 */
final class Departures implements MembershipListener {
  private final Duration maxCutOff;
  private final LongSupplier nanoTime;
  private final Map<String, Lost> lost = new ConcurrentHashMap<>();
  private final Set<String> farewells = ConcurrentHashMap.newKeySet();

  /** When it was lost. */
  private record Lost(String node, long at) {}

  Departures(Duration maxCutOff, LongSupplier nanoTime) {
    this.maxCutOff = maxCutOff;
    this.nanoTime = nanoTime;
  }

  /** A member tells that it serves no more. */
  void farewell(String memberId) {
    farewells.add(memberId);
    lost.remove(memberId);
  }

  @Override
  public void memberAdded(MembershipEvent event) {
    // What a node was before it came back, it is no more.
    lost.values().removeIf(each -> each.node().equals(ClusterConfig.nodeOf(event.getMember())));
  }

  @Override
  public void memberRemoved(MembershipEvent event) {
    Member member = event.getMember();
    String id = member.getUuid().toString();
    if (!farewells.remove(id) && ClusterConfig.takesCalls(member)) {
      lost.put(id, new Lost(ClusterConfig.nodeOf(member), nanoTime.getAsLong()));
    }
  }

  /** Those that were lost, to be told to a member that was not there. */
  Departed departed() {
    long now = nanoTime.getAsLong();
    List<Departed.Node> nodes = new ArrayList<>();
    lost.forEach(
        (member, each) ->
            nodes.add(
                new Departed.Node(
                    member, each.node(), Duration.ofNanos(now - each.at()).toMillis())));
    return new Departed(nodes);
  }

  /**
   * Takes over what another member knows.
   *
   * @param present nodes that are there: what they were before they came back, they are no more
   */
  void learn(Departed others, Set<String> present) {
    long now = nanoTime.getAsLong();
    for (Departed.Node each : others.nodes()) {
      if (!present.contains(each.name())) {
        long at = now - Duration.ofMillis(each.agoMillis()).toNanos();
        lost.putIfAbsent(each.member(), new Lost(each.name(), at));
      }
    }
  }

  /** Those that may still serve calls by what they know. */
  List<Late> maybeServing() {
    long now = nanoTime.getAsLong();
    List<Late> serving = new ArrayList<>();
    lost.values().removeIf(each -> now - each.at() > maxCutOff.toNanos());
    for (Lost each : lost.values()) {
      Duration since = Duration.ofNanos(now - each.at());
      serving.add(
          new Late(
              each.node(),
              "it was lost "
                  + since.toSeconds()
                  + " s ago; if it still runs, it stops serving within "
                  + (maxCutOff.minus(since).toSeconds() + 1)
                  + " s"));
    }
    return serving;
  }
}
