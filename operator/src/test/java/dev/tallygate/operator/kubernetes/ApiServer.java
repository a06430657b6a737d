package dev.tallygate.operator.kubernetes;

import static org.awaitility.Awaitility.await;

import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1Namespace;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.credentials.AccessTokenAuthentication;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A real kube-apiserver with its etcd, on loopback, with our resources defined. One serves all
 * tests of a JVM, each in namespaces of its own; it ends with the JVM.
 */
public final class ApiServer {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final Path CRDS = Path.of("../helm/tallygate/files/crds");
  private static final String ADMIN_TOKEN = UUID.randomUUID().toString();

  private static ApiServer shared;

  private final Path parts;
  private final Path folder;
  private final int etcdPort;
  private final int port;
  private Process etcd;
  private Process server;

  private ApiServer(Path parts) throws IOException {
    this.parts = parts;
    folder = Files.createTempDirectory("api-server");
    List<Integer> ports = freePorts(3);
    etcdPort = ports.get(0);
    port = ports.get(1);
    writeKeys();
    etcd =
        process(
            "etcd",
            "--name=test",
            "--data-dir=" + folder.resolve("etcd"),
            "--listen-client-urls=http://127.0.0.1:" + etcdPort,
            "--advertise-client-urls=http://127.0.0.1:" + etcdPort,
            "--listen-peer-urls=http://127.0.0.1:" + ports.get(2),
            "--initial-advertise-peer-urls=http://127.0.0.1:" + ports.get(2),
            "--initial-cluster=test=http://127.0.0.1:" + ports.get(2),
            // Nothing here outlives the test.
            "--unsafe-no-fsync=true");
  }

  /** The one of this JVM; the test is skipped where its parts cannot be had. */
  public static synchronized ApiServer get() {
    if (shared == null) {
      Path parts = KubernetesParts.apiServer();
      try {
        shared = new ApiServer(parts);
        Runtime.getRuntime().addShutdownHook(new Thread(shared::end));
        shared.start();
        shared.kubectl("apply", "--server-side", "-f", CRDS.toString());
        shared.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return shared;
  }

  private void writeKeys() throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      KeyPair pair = generator.generateKeyPair();
      Files.writeString(
          folder.resolve("sa.key"), pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
      Files.writeString(folder.resolve("sa.pub"), pem("PUBLIC KEY", pair.getPublic().getEncoded()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has RSA", e);
    }
    Files.writeString(
        folder.resolve("tokens.csv"), ADMIN_TOKEN + ",admin,admin,\"system:masters\"\n");
    Files.writeString(
        folder.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        clusters: [{ name: test, cluster: { server: "https://127.0.0.1:%d", certificate-authority: "%s" } }]
        users: [{ name: admin, user: { token: "%s" } }]
        contexts: [{ name: test, context: { cluster: test, user: admin } }]
        current-context: test
        """
            .formatted(port, folder.resolve("certificates/apiserver.crt"), ADMIN_TOKEN));
  }

  private static String pem(String what, byte[] bytes) {
    return "-----BEGIN "
        + what
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
        + "\n-----END "
        + what
        + "-----\n";
  }

  private Process process(String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(parts.resolve(program).toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve(program + ".log").toFile()))
        .start();
  }

  /** Starts it, again after {@link #stop}, with all that it had. */
  public void start() throws IOException {
    server =
        process(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:" + etcdPort,
            "--bind-address=127.0.0.1",
            "--secure-port=" + port,
            "--cert-dir=" + folder.resolve("certificates"),
            "--token-auth-file=" + folder.resolve("tokens.csv"),
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=" + folder.resolve("sa.pub"),
            "--service-account-signing-key-file=" + folder.resolve("sa.key"),
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none");
    await().atMost(PATIENCE).pollInterval(Duration.ofMillis(250)).until(this::isReady);
  }

  private boolean isReady() {
    if (!server.isAlive()) {
      throw new IllegalStateException("kube-apiserver ended: " + folder);
    }
    try {
      return new CoreV1Api(client()).readNamespace("default").execute() != null;
    } catch (IOException | ApiException e) {
      return false;
    }
  }

  /** Ends it as a crash does; what it keeps stays. */
  public void stop() throws InterruptedException {
    server.destroyForcibly().waitFor();
  }

  private void end() {
    if (server != null) {
      server.destroyForcibly();
    }
    etcd.destroyForcibly();
  }

  /** How kubectl and others reach it. */
  public Path kubeconfig() {
    return folder.resolve("kubeconfig");
  }

  /** A client that may do anything. */
  public ApiClient client() throws IOException {
    return client(ADMIN_TOKEN);
  }

  /** A client that may do what the account with this token may. */
  public ApiClient client(String token) throws IOException {
    ApiClient client =
        new ClientBuilder()
            .setBasePath("https://127.0.0.1:" + port)
            .setVerifyingSsl(true)
            .setCertificateAuthority(
                Files.readAllBytes(folder.resolve("certificates/apiserver.crt")))
            .setAuthentication(new AccessTokenAuthentication(token))
            .build();
    client.setReadTimeout(0);
    return client;
  }

  /** A new namespace. */
  public String namespace() {
    String name = "test-" + UUID.randomUUID().toString().substring(0, 8);
    try {
      new CoreV1Api(client())
          .createNamespace(new V1Namespace().metadata(new V1ObjectMeta().name(name)))
          .execute();
    } catch (IOException | ApiException e) {
      throw new IllegalStateException("no namespace could be made", e);
    }
    return name;
  }

  /** What a run of kubectl said. */
  public record Said(int exitCode, String out, String err) {}

  /**
   * Runs kubectl.
   *
   * @throws IllegalStateException if it fails
   */
  public String kubectl(String... arguments) {
    Said said = tryKubectl("", arguments);
    if (said.exitCode() != 0) {
      throw new IllegalStateException(String.join(" ", arguments) + ": " + said.err());
    }
    return said.out();
  }

  /** Runs kubectl with this on its standard input, for a minute and a half at most. */
  public Said tryKubectl(String input, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                parts.resolve("kubectl").toString(),
                "--kubeconfig",
                folder.resolve("kubeconfig").toString()));
    command.addAll(List.of(arguments));
    try {
      Path in = Files.writeString(Files.createTempFile(folder, "kubectl", ".in"), input);
      Path out = Files.createTempFile(folder, "kubectl", ".out");
      Path err = Files.createTempFile(folder, "kubectl", ".err");
      Process process =
          new ProcessBuilder(command)
              .redirectInput(in.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(90, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("kubectl took more than 90 s");
      }
      return new Said(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Ports that were free a moment ago. */
  public static List<Integer> freePorts(int count) {
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      List<Integer> ports = sockets.stream().map(ServerSocket::getLocalPort).toList();
      for (ServerSocket socket : sockets) {
        socket.close();
      }
      return ports;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
