package dev.tallygate.operator.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Ref;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.operator.resources.Resources;
import io.kubernetes.client.informer.ListerWatcher;
import io.kubernetes.client.informer.ResourceEventHandler;
import io.kubernetes.client.informer.SharedIndexInformer;
import io.kubernetes.client.informer.impl.DefaultSharedIndexInformer;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.util.CallGeneratorParams;
import io.kubernetes.client.util.Watchable;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesApi;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesListObject;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesObject;
import io.kubernetes.client.util.generic.options.ListOptions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the resources of a namespace, and the Secrets and ConfigMaps that they may refer to. Goes
 * on by what it saw last while the API server is away. Thread-safe.
 *
 * <p>Objects are read as plain JSON: one that the client's strict models cannot take would end the
 * watch of all.
 */
public final class NamespaceWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NamespaceWatch.class);

  private static final String GROUP = "tallygate.dev";
  private static final String VERSION = "v1alpha1";

  /** What Helm keeps of its releases is large, and nothing that a resource may refer to. */
  private static final String NO_RELEASES = "type!=helm.sh/release.v1";

  private final ApiClient client;
  private final String namespace;
  private final Runnable onChange;
  private final List<SharedIndexInformer<DynamicKubernetesObject>> informers = new ArrayList<>();
  private final Map<Ref, Resource> resources = new ConcurrentHashMap<>();
  private final Map<String, Map<String, String>> secrets = new ConcurrentHashMap<>();
  private final Map<String, Map<String, String>> configMaps = new ConcurrentHashMap<>();

  /**
   * @param onChange called after every change, on threads of the watch; must not block
   */
  public NamespaceWatch(ApiClient client, String namespace, Runnable onChange) {
    this.client = client;
    this.namespace = namespace;
    this.onChange = onChange;
    for (Kind kind : Kind.values()) {
      follow(
          new DynamicKubernetesApi(GROUP, VERSION, kind.plural(), client),
          "",
          (name, object) -> resources.put(new Ref(kind, name), Resource.of(kind, object)),
          name -> resources.remove(new Ref(kind, name)));
    }
    follow(
        new DynamicKubernetesApi("", "v1", "secrets", client),
        NO_RELEASES,
        (name, object) -> secrets.put(name, decoded(object.path("data"))),
        secrets::remove);
    follow(
        new DynamicKubernetesApi("", "v1", "configmaps", client),
        "",
        (name, object) -> configMaps.put(name, texts(object.path("data"))),
        configMaps::remove);
  }

  private void follow(
      DynamicKubernetesApi api,
      String fieldSelector,
      BiConsumer<String, JsonNode> seen,
      Consumer<String> gone) {
    SharedIndexInformer<DynamicKubernetesObject> informer =
        new DefaultSharedIndexInformer<>(
            DynamicKubernetesObject.class, new InNamespace(api, namespace, fieldSelector), 0);
    informer.addEventHandler(
        new ResourceEventHandler<>() {
          @Override
          public void onAdd(DynamicKubernetesObject object) {
            String name = object.getMetadata().getName();
            try {
              seen.accept(name, Json.of(object));
            } catch (RuntimeException e) {
              // One that cannot be read must not hide the others.
              LOG.error("{} {} cannot be read", object.getKind(), name, e);
              gone.accept(name);
            }
            onChange.run();
          }

          @Override
          public void onUpdate(DynamicKubernetesObject before, DynamicKubernetesObject object) {
            onAdd(object);
          }

          @Override
          public void onDelete(DynamicKubernetesObject object, boolean stale) {
            gone.accept(object.getMetadata().getName());
            onChange.run();
          }
        });
    informers.add(informer);
  }

  /** Lists and watches one kind of object in a namespace. */
  private record InNamespace(DynamicKubernetesApi api, String namespace, String fieldSelector)
      implements ListerWatcher<DynamicKubernetesObject, DynamicKubernetesListObject> {
    @Override
    public DynamicKubernetesListObject list(CallGeneratorParams params) throws ApiException {
      return api.list(namespace, options(params)).throwsApiException().getObject();
    }

    @Override
    public Watchable<DynamicKubernetesObject> watch(CallGeneratorParams params)
        throws ApiException {
      return api.watch(namespace, options(params));
    }

    private ListOptions options(CallGeneratorParams params) {
      ListOptions options = new ListOptions();
      options.setResourceVersion(params.resourceVersion);
      options.setTimeoutSeconds(params.timeoutSeconds);
      options.setFieldSelector(fieldSelector);
      return options;
    }
  }

  private static Map<String, String> decoded(JsonNode data) {
    Map<String, String> texts = new HashMap<>();
    texts(data)
        .forEach(
            (key, value) ->
                texts.put(
                    key, new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
    return Map.copyOf(texts);
  }

  private static Map<String, String> texts(JsonNode data) {
    Map<String, String> texts = new HashMap<>();
    data.properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
    return Map.copyOf(texts);
  }

  /** Begins to watch, each kind on a thread of its own. */
  public void start() {
    for (SharedIndexInformer<DynamicKubernetesObject> informer : informers) {
      Thread thread = new Thread(informer::run, "tallygate-watch");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Whether everything that is there was seen once. */
  public boolean hasSynced() {
    return informers.stream().allMatch(SharedIndexInformer::hasSynced);
  }

  /** Everything as it was seen last. */
  public Resources resources() {
    return new Resources(namespace, resources, secrets, configMaps);
  }

  /** Watches no more. */
  @Override
  public void close() {
    informers.forEach(SharedIndexInformer::stop);
  }
}
