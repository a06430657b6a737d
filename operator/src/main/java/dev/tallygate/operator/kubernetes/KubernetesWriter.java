package dev.tallygate.operator.kubernetes;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.ResourceWriter;
import dev.tallygate.operator.compile.Compilation.SecretWanted;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.registry.Token;
import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.apis.CustomObjectsApi;
import io.kubernetes.client.openapi.apis.EventsV1Api;
import io.kubernetes.client.openapi.models.EventsV1Event;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.openapi.models.V1ObjectReference;
import io.kubernetes.client.openapi.models.V1OwnerReference;
import io.kubernetes.client.openapi.models.V1Secret;
import io.kubernetes.client.util.PatchUtils;
import java.io.IOException;
import java.time.OffsetDateTime;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes to the API server. */
public final class KubernetesWriter implements ResourceWriter {
  private static final Logger LOG = LoggerFactory.getLogger(KubernetesWriter.class);

  private static final String GROUP = "tallygate.dev";
  private static final String VERSION = "v1alpha1";
  private static final String MANAGER = "tallygate-operator";
  private static final int MAX_NOTE = 1024;
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;

  private final ApiClient client;
  private final String namespace;
  private final String identity;
  private final EventBudget events;

  /**
   * @param identity of this process, for events
   */
  public KubernetesWriter(ApiClient client, String namespace, String identity) {
    this.client = client;
    this.namespace = namespace;
    this.identity = identity;
    this.events = new EventBudget(System::nanoTime);
  }

  @Override
  public void status(Resource resource, ObjectNode status) throws IOException {
    ObjectNode applied = JsonNodeFactory.instance.objectNode();
    applied.put("apiVersion", GROUP + "/" + VERSION).put("kind", resource.ref().kind().singular());
    // With its uid, so that a namesake made meanwhile does not get it.
    applied.putObject("metadata").put("name", resource.name()).put("uid", resource.uid());
    applied.set("status", status);
    try {
      PatchUtils.patch(
          Object.class,
          () ->
              new CustomObjectsApi(client)
                  .patchNamespacedCustomObjectStatus(
                      GROUP,
                      VERSION,
                      namespace,
                      resource.ref().kind().plural(),
                      resource.name(),
                      new V1Patch(applied.toString()))
                  .fieldManager(MANAGER)
                  .force(true)
                  .buildCall(null),
          V1Patch.PATCH_FORMAT_APPLY_YAML,
          client);
    } catch (ApiException e) {
      if (e.getCode() != NOT_FOUND && e.getCode() != CONFLICT) {
        throw new IOException("the status of " + resource.ref() + ": " + reason(e), e);
      }
      LOG.debug("{} is gone, or another by now", resource.ref());
    }
  }

  @Override
  public void secret(Resource grant, SecretWanted wanted) throws IOException {
    V1Secret secret =
        new V1Secret()
            .type("Opaque")
            .metadata(
                new V1ObjectMeta()
                    .name(wanted.name())
                    .putLabelsItem("app.kubernetes.io/managed-by", MANAGER)
                    .putLabelsItem("tallygate.dev/grant", grant.name())
                    .addOwnerReferencesItem(
                        new V1OwnerReference()
                            .apiVersion(GROUP + "/" + VERSION)
                            .kind(grant.ref().kind().singular())
                            .name(grant.name())
                            .uid(grant.uid())
                            .controller(true)))
            .stringData(Map.of(wanted.key(), Token.random().reveal()));
    try {
      new CoreV1Api(client)
          .createNamespacedSecret(namespace, secret)
          .fieldManager(MANAGER)
          .execute();
    } catch (ApiException e) {
      if (e.getCode() != CONFLICT) {
        throw new IOException("the Secret " + wanted.name() + ": " + reason(e), e);
      }
    }
  }

  @Override
  public void event(Resource resource, boolean warning, String reason, String message) {
    if (!events.take()) {
      return;
    }
    EventsV1Event event =
        new EventsV1Event()
            .metadata(new V1ObjectMeta().generateName(resource.name() + "-").namespace(namespace))
            .eventTime(OffsetDateTime.now())
            .reportingController("tallygate.dev/operator")
            .reportingInstance(identity)
            .action("Reconcile")
            .reason(reason)
            .type(warning ? "Warning" : "Normal")
            .note(message.length() > MAX_NOTE ? message.substring(0, MAX_NOTE) : message)
            .regarding(
                new V1ObjectReference()
                    .apiVersion(GROUP + "/" + VERSION)
                    .kind(resource.ref().kind().singular())
                    .namespace(namespace)
                    .name(resource.name())
                    .uid(resource.uid()));
    try {
      new EventsV1Api(client).createNamespacedEvent(namespace, event).execute();
    } catch (ApiException e) {
      LOG.debug("an event of {} was not taken: {}", resource.ref(), reason(e));
    }
  }

  private static String reason(ApiException e) {
    return e.getCode() == 0
        ? String.valueOf(e.getMessage())
        : e.getCode() + " " + e.getResponseBody();
  }
}
