package dev.tallygate.operator.kubernetes;

import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.kubernetes.client.extended.leaderelection.LeaderElector;
import io.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.JSON;
import io.kubernetes.client.openapi.apis.CoordinationV1Api;
import io.kubernetes.client.openapi.models.V1Lease;
import io.kubernetes.client.openapi.models.V1OwnerReference;
import io.kubernetes.client.util.PatchUtils;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Of several operators one leads, by a Lease. Who loses it must end: what it knows is old. That it
 * lost it is known late by one that was paused, so what it writes to the registry is fenced too.
 */
public final class Leadership implements AutoCloseable {
  private static final Duration LEASE = Duration.ofSeconds(15);
  private static final Duration RENEW = Duration.ofSeconds(10);
  private static final Duration RETRY = Duration.ofSeconds(2);

  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

  private final LeaderElector elector;
  private final ApiClient client;
  private final String namespace;
  private final String lease;
  private final Optional<Pod> pod;
  private final AtomicBoolean leads = new AtomicBoolean();

  /** A pod, and no other that ever had its name. */
  public record Pod(String name, String uid) {}

  /**
   * @param lease name of the Lease
   * @param identity that no other process has, ever
   * @param pod that this process runs in; the Lease goes with it unless another has taken over
   */
  public Leadership(
      ApiClient client, String namespace, String lease, String identity, Optional<Pod> pod) {
    this.namespace = namespace;
    this.lease = lease;
    this.pod = pod;
    this.client = client;
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
          pod.ifPresent(this::own);
        },
        () -> leads.set(false));
  }

  /** Otherwise the Lease would be left when all is uninstalled. */
  private void own(Pod by) {
    V1OwnerReference owner =
        new V1OwnerReference().apiVersion("v1").kind("Pod").name(by.name()).uid(by.uid());
    String json =
        JSON.getGson().toJson(Map.of("metadata", Map.of("ownerReferences", List.of(owner))));
    try {
      PatchUtils.patch(
          V1Lease.class,
          () ->
              new CoordinationV1Api(client)
                  .patchNamespacedLease(lease, namespace, new V1Patch(json))
                  .buildCall(null),
          V1Patch.PATCH_FORMAT_JSON_MERGE_PATCH,
          client);
    } catch (ApiException e) {
      LOG.info("the Lease {} stays behind when this is uninstalled: {}", lease, e.getMessage());
    }
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
