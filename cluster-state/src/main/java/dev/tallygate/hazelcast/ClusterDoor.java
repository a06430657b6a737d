package dev.tallygate.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.DefaultNodeContext;
import com.hazelcast.instance.impl.HazelcastInstanceFactory;
import com.hazelcast.instance.impl.Node;
import com.hazelcast.internal.cluster.Joiner;
import com.hazelcast.internal.cluster.impl.DiscoveryJoiner;
import com.hazelcast.internal.cluster.impl.TcpIpJoiner;
import com.hazelcast.logging.LogEvent;
import java.util.Optional;
import java.util.logging.Level;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door between the processes of a cluster, where each shows its {@link MemberPass}.
 *
 * <p>Hazelcast has members compare how they join, by name, at every join and before every merge,
 * and turns away those whose names differ. The community edition lets nothing else be compared, so
 * the pass is that name. Why a process was turned away it tells to its log alone.
 */
final class ClusterDoor extends DefaultNodeContext {
  private static final String OTHER_NAME = "different cluster-name";

  private static final Logger log = LoggerFactory.getLogger(EmbeddedHazelcast.class);

  private final ClusterSettings settings;
  private final MemberPass pass;
  private volatile MemberPass asked;
  private volatile boolean foundAnother;

  ClusterDoor(ClusterSettings settings, MemberPass pass) {
    this.settings = settings;
    this.pass = pass;
  }

  /**
   * Starts a process, which joins those that let it in, and is alone where there is nobody.
   *
   * @throws JoinRefused where it was not let in
   */
  HazelcastInstance enter(Config config) throws JoinRefused {
    HazelcastInstance instance;
    try {
      instance =
          HazelcastInstanceFactory.newHazelcastInstance(config, config.getInstanceName(), this);
    } catch (RuntimeException e) {
      throw refusal().orElseThrow(() -> e);
    }
    // To go on alone beside another cluster would be a cluster that nobody asked for.
    if (foundAnother && instance.getCluster().getMembers().size() == 1) {
      instance.getLifecycleService().terminate();
      throw new JoinRefused(
          "cluster \""
              + config.getClusterName()
              + "\" is not what is found at "
              + where()
              + ": a cluster with another `name`, or of another Hazelcast version, is there");
    }
    return instance;
  }

  private Optional<JoinRefused> refusal() {
    return Optional.ofNullable(asked)
        .map(
            theirs ->
                new JoinRefused(
                    "cluster \""
                        + settings.name()
                        + "\" does not let this process in: "
                        + String.join("; ", pass.cures(theirs))));
  }

  private String where() {
    return settings.join() instanceof ClusterSettings.Join.Members list
        ? String.join(", ", list.members())
        : "the service";
  }

  @Override
  public Joiner createJoiner(Node node) {
    node.loggingService.addLogListener(Level.WARNING, this::overhear);
    return settings.join() instanceof ClusterSettings.Join.Members
        ? new ListJoiner(node, pass)
        : new ServiceJoiner(node, pass);
  }

  /** Joins by a list, and shows the pass. */
  private static final class ListJoiner extends TcpIpJoiner {
    private final MemberPass pass;

    ListJoiner(Node node, MemberPass pass) {
      super(node);
      this.pass = pass;
    }

    @Override
    public String getType() {
      return pass.text();
    }
  }

  /** Joins by a service of Kubernetes, and shows the pass. */
  private static final class ServiceJoiner extends DiscoveryJoiner {
    private final MemberPass pass;

    ServiceJoiner(Node node, MemberPass pass) {
      super(node, node.getDiscoveryService(), false);
      this.pass = pass;
    }

    @Override
    public String getType() {
      return pass.text();
    }
  }

  private void overhear(LogEvent event) {
    String message = event.getLogRecord().getMessage();
    if (message == null) {
      return;
    }
    if (message.contains("Cannot resolve hostname")) {
      log.warn("{}", message);
    } else if (message.contains("could not join") && message.contains("expected: ")) {
      MemberPass.find(message.substring(message.indexOf("expected: ")))
          .ifPresent(theirs -> asked = theirs);
    } else if (message.contains("could not join") && message.contains(OTHER_NAME)) {
      foundAnother = true;
    }
  }
}
