package dev.tallygate.operator;

import dev.tallygate.operator.Operator.Settings;
import dev.tallygate.operator.kubernetes.Leadership.Pod;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.KubeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Runs the operator until it is told to end, or another leads. */
@Command(
    name = "tallygate-operator",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = {
      "Brings the Policy, McpServer and Grant resources of a namespace into the cluster of gateways"
          + " (docs/kubernetes.md).",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:ended by SIGTERM or Ctrl-C",
      "1:a file cannot be read, a port cannot be had, or another operator leads now",
      "2:wrong use"
    })
public final class Main implements Callable<Integer> {
  private static final Pattern ADDRESS = Pattern.compile("\\[?([^\\[\\]]+)]?:([0-9]{1,5})");

  @Option(
      names = "--namespace",
      required = true,
      defaultValue = "${env:TALLYGATE_NAMESPACE}",
      paramLabel = "NAME",
      description = "The namespace whose resources it serves.")
  private String namespace;

  @Option(
      names = "--gateway",
      required = true,
      defaultValue = "${env:TALLYGATE_GATEWAY}",
      paramLabel = "URL",
      description = "Admin address of the gateways, such as http://tallygate-admin:9090.")
  private URI gateway;

  @Option(
      names = "--admin-token-file",
      required = true,
      defaultValue = "${env:TALLYGATE_ADMIN_TOKEN_FILE}",
      paramLabel = "FILE",
      description = "Holds the gateways' admin.token; read anew for each request.")
  private Path adminTokenFile;

  @Option(
      names = "--cluster-secret-file",
      required = true,
      defaultValue = "${env:TALLYGATE_CLUSTER_SECRET_FILE}",
      paramLabel = "FILE",
      description = "Holds the gateways' cluster.secret, by which credentials are sealed.")
  private Path clusterSecretFile;

  @Option(
      names = "--own-secret",
      paramLabel = "NAME",
      description = {
        "A Secret of the gateways, members or operators, which no server is shown; may be given",
        "several times."
      })
  private Set<String> ownSecrets = Set.of();

  @Option(
      names = "--lease",
      defaultValue = "${env:TALLYGATE_LEASE:-tallygate-operator}",
      paramLabel = "NAME",
      description = "The Lease by which one of several operators leads: ${DEFAULT-VALUE}.")
  private String lease;

  @Option(
      names = "--identity",
      defaultValue = "${env:POD_NAME:-operator}",
      paramLabel = "NAME",
      description = "Stands for this process in the Lease and in events.")
  private String identity;

  @Option(
      names = "--pod-uid",
      defaultValue = "${env:POD_UID}",
      paramLabel = "UID",
      description = "Of the pod with that name, so that the Lease goes when the pod does.")
  private Optional<String> podUid;

  @Option(
      names = "--listen",
      defaultValue = "${env:TALLYGATE_LISTEN:-127.0.0.1:9090}",
      paramLabel = "HOST:PORT",
      description = "Where /metrics, /livez and /readyz are served: ${DEFAULT-VALUE}.")
  private String listen;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "How to reach the API server; without it, as a pod does.")
  private Path kubeconfig;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  /** Tells the version of the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"tallygate-operator " + (version == null ? "development" : version)};
    }
  }

  /** Before anything logs. */
  public static void main(String[] args) {
    if ("json".equals(System.getenv("TALLYGATE_LOG"))) {
      System.setProperty("logback.configurationFile", "logback-json.xml");
    }
    System.exit(new CommandLine(new Main()).execute(args));
  }

  @Override
  public Integer call() {
    Operator operator;
    try {
      operator =
          new Operator(
              client(),
              new Settings(
                  namespace,
                  gateway,
                  () -> text(adminTokenFile),
                  text(clusterSecretFile),
                  ownSecrets,
                  lease,
                  identity + "_" + UUID.randomUUID(),
                  podUid.map(uid -> new Pod(identity, uid)),
                  address(listen)));
    } catch (IOException | UncheckedIOException e) {
      System.err.println("tallygate-operator: " + e.getMessage());
      return 1;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(operator::close, "tallygate-shutdown"));
    return operator.run() ? 0 : 1;
  }

  private ApiClient client() throws IOException {
    ApiClient client =
        (kubeconfig == null
                ? ClientBuilder.cluster()
                : ClientBuilder.kubeconfig(
                    KubeConfig.loadKubeConfig(Files.newBufferedReader(kubeconfig))))
            .build();
    // A watch may be silent for as long as it likes.
    client.setReadTimeout(0);
    return client;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("the file " + file + " cannot be read", e);
    }
  }

  private InetSocketAddress address(String written) {
    Matcher address = ADDRESS.matcher(written);
    if (!address.matches() || Integer.parseInt(address.group(2)) > 65_535) {
      throw new ParameterException(
          spec.commandLine(), "--listen must be a host and a port, such as 0.0.0.0:9090");
    }
    return new InetSocketAddress(address.group(1), Integer.parseInt(address.group(2)));
  }
}
