package dev.tallygate.operator.kubernetes;

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
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Follows the resources of a namespace, and the Secrets and ConfigMaps that they may refer to. Goes
 * on by what it saw last while the API server is away. Thread-safe.
 *
 * <p>Objects are read as plain JSON: one that the client's strict models cannot take would end the
 * watch of all.
 */
public final class NamespaceWatch implements AutoCloseable {
  private static final String GROUP = "tallygate.dev";
  private static final String VERSION = "v1alpha1";

  /**
   * What Helm keeps of its releases is large; the others are Kubernetes' own, or a registry's of
   * images. Nothing that a resource may refer to.
   */
  private static final String OTHERS =
      "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token"
          + ",type!=kubernetes.io/dockerconfigjson,type!=kubernetes.io/dockercfg"
          + ",type!=bootstrap.kubernetes.io/token";

  private final String namespace;
  private final Runnable onChange;
  private final Runnable onFailure;
  private final Map<Kind, SharedIndexInformer<DynamicKubernetesObject>> kinds =
      new EnumMap<>(Kind.class);
  private final SharedIndexInformer<DynamicKubernetesObject> secrets;
  private final SharedIndexInformer<DynamicKubernetesObject> configMaps;

  /**
   * @param onChange called after every change but those of statuses, on threads of the watch; must
   *     not block
   * @param onFailure called when what is there cannot be seen; it is tried again
   */
  public NamespaceWatch(ApiClient client, String namespace, Runnable onChange, Runnable onFailure) {
    this.namespace = namespace;
    this.onChange = onChange;
    this.onFailure = onFailure;
    for (Kind kind : Kind.values()) {
      kinds.put(
          kind,
          follow(
              new DynamicKubernetesApi(GROUP, VERSION, kind.plural(), client),
              "",
              object -> Seen.resource(object, kind)));
    }
    secrets = follow(new DynamicKubernetesApi("", "v1", "secrets", client), OTHERS, Seen::secret);
    configMaps =
        follow(new DynamicKubernetesApi("", "v1", "configmaps", client), "", Seen::configMap);
  }

  private SharedIndexInformer<DynamicKubernetesObject> follow(
      DynamicKubernetesApi api,
      String fieldSelector,
      Function<DynamicKubernetesObject, Seen> reading) {
    SharedIndexInformer<DynamicKubernetesObject> informer =
        new DefaultSharedIndexInformer<>(
            DynamicKubernetesObject.class,
            new InNamespace(api, namespace, fieldSelector, onFailure),
            0);
    informer.setTransform(object -> reading.apply((DynamicKubernetesObject) object));
    informer.addEventHandler(
        new ResourceEventHandler<>() {
          @Override
          public void onAdd(DynamicKubernetesObject object) {
            onChange.run();
          }

          @Override
          public void onUpdate(DynamicKubernetesObject before, DynamicKubernetesObject object) {
            // The operator's own statuses come back here: they are no reason to look at everything.
            if (!((Seen) object).saysTheSame((Seen) before)) {
              onChange.run();
            }
          }

          @Override
          public void onDelete(DynamicKubernetesObject object, boolean stale) {
            onChange.run();
          }
        });
    return informer;
  }

  /** Lists and watches one kind of object in a namespace. */
  private record InNamespace(
      DynamicKubernetesApi api, String namespace, String fieldSelector, Runnable onFailure)
      implements ListerWatcher<DynamicKubernetesObject, DynamicKubernetesListObject> {
    @Override
    public DynamicKubernetesListObject list(CallGeneratorParams params) throws ApiException {
      try {
        return api.list(namespace, options(params)).throwsApiException().getObject();
      } catch (ApiException | RuntimeException e) {
        onFailure.run();
        throw e;
      }
    }

    @Override
    public Watchable<DynamicKubernetesObject> watch(CallGeneratorParams params)
        throws ApiException {
      return api.watch(namespace, options(params));
    }

    private ListOptions options(CallGeneratorParams params) {
      ListOptions options = new ListOptions();
      // "0" is whatever an API server has at hand: a Grant that was deleted could be back in it.
      options.setResourceVersion(params.resourceVersion.equals("0") ? "" : params.resourceVersion);
      options.setTimeoutSeconds(params.timeoutSeconds);
      options.setFieldSelector(fieldSelector);
      return options;
    }
  }

  private Stream<SharedIndexInformer<DynamicKubernetesObject>> informers() {
    return Stream.concat(kinds.values().stream(), Stream.of(secrets, configMaps));
  }

  /** Begins to watch, each kind on a thread of its own. */
  public void start() {
    informers()
        .forEach(
            informer -> {
              Thread thread = new Thread(informer::run, "tallygate-watch");
              thread.setDaemon(true);
              thread.start();
            });
  }

  /** Whether everything that is there was seen once; before that, nothing follows from it. */
  public boolean hasSynced() {
    return informers().allMatch(SharedIndexInformer::hasSynced);
  }

  /** Everything as it was seen last. */
  public Resources resources() {
    Map<Ref, Resource> all = new HashMap<>();
    kinds
        .values()
        .forEach(
            informer ->
                seen(informer)
                    .flatMap(each -> each.resource().stream())
                    .forEach(resource -> all.put(resource.ref(), resource)));
    Map<String, String> madeFor = new HashMap<>();
    seen(secrets).forEach(each -> each.madeFor().ifPresent(uid -> madeFor.put(each.name(), uid)));
    return new Resources(namespace, all, texts(secrets), madeFor, texts(configMaps));
  }

  private static Map<String, Map<String, String>> texts(
      SharedIndexInformer<DynamicKubernetesObject> informer) {
    return seen(informer).collect(Collectors.toMap(Seen::name, Seen::texts));
  }

  private static Stream<Seen> seen(SharedIndexInformer<DynamicKubernetesObject> informer) {
    return informer.getIndexer().list().stream().map(Seen.class::cast);
  }

  /** Watches no more. */
  @Override
  public void close() {
    informers().forEach(SharedIndexInformer::stop);
  }
}
