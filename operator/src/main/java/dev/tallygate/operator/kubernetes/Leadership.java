package dev.tallygate.operator.kubernetes;

import io.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.kubernetes.client.extended.leaderelection.LeaderElector;
import io.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.kubernetes.client.openapi.ApiClient;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Of several operators one leads, by a Lease. Who loses it must end: what it knows is old. That it
 * lost it is known late by one that was paused, so what it writes to the registry is fenced too.
 */
public final class Leadership implements AutoCloseable {
  private static final Duration LEASE = Duration.ofSeconds(15);
  private static final Duration RENEW = Duration.ofSeconds(10);
  private static final Duration RETRY = Duration.ofSeconds(2);

  private final LeaderElector elector;
  private final AtomicBoolean leads = new AtomicBoolean();

  /**
   * @param lease name of the Lease
   * @param identity that no other process has, ever
   */
  public Leadership(ApiClient client, String namespace, String lease, String identity) {
    elector =
        new LeaderElector(
            new LeaderElectionConfig(
                new LeaseLock(namespace, lease, identity, client), LEASE, RENEW, RETRY));
  }

  /** Blocks until this process leads, then until it does no more. */
  public void run(Runnable onLeading) {
    elector.run(
        () -> {
          leads.set(true);
          onLeading.run();
        },
        () -> leads.set(false));
  }

  public boolean leads() {
    return leads.get();
  }

  /** Gives the lease back, so that another can lead at once. */
  @Override
  public void close() {
    elector.close();
  }
}
