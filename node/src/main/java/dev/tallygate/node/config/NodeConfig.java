package dev.tallygate.node.config;

import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Snapshot;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A node's configuration, read and found to be without error. Immutable.
 *
 * @param name of this node, as audit and metrics know it
 * @param policies compiled, by name
 * @param policyFiles where each policy was read from, by name
 * @param pinFile the lock file, which need not exist
 * @param pins what it approves, by server
 * @param cluster that it belongs to; without one it stands alone
 * @param maxCutOff how long a node of a cluster serves without knowing that it enforces the newest
 * @param durability how counts are written down; empty where they live in memory only
 * @param declared servers, policies, grants and pins as the registry of a cluster takes them
 */
public record NodeConfig(
    String name,
    Listen listen,
    Admin admin,
    AuditConfig audit,
    Map<String, Server> servers,
    Map<String, Policy> policies,
    Map<String, PolicyFile> policyFiles,
    List<Grant> grants,
    Path pinFile,
    Map<String, ServerPins> pins,
    Optional<ClusterSettings> cluster,
    Duration maxCutOff,
    Optional<DurabilitySettings> durability,
    Declared declared) {

  /**
   * Where MCP clients connect.
   *
   * @param port 0 for any free one
   * @param allowedHosts names that a Host header may give besides the loopback names, without port
   * @param allowedOrigins origins of web pages that may call, such as {@code https://example.org}
   * @param maxConnections at one time
   * @param tls what it shows to clients; without it, it listens in clear text
   * @param h2c whether HTTP/2 is spoken in clear text too
   * @param drain how long it serves on once it is told to end
   */
  public record Listen(
      String host,
      int port,
      List<String> allowedHosts,
      List<String> allowedOrigins,
      int maxConnections,
      Optional<Tls> tls,
      boolean h2c,
      Duration drain) {
    public static final Listen DEFAULT =
        new Listen(
            "127.0.0.1",
            8080,
            List.of(),
            List.of(),
            10_000,
            Optional.empty(),
            false,
            Duration.ZERO);

    public Listen {
      allowedHosts = List.copyOf(allowedHosts);
      allowedOrigins = List.copyOf(allowedOrigins);
    }

    /** These settings, with the certificate of {@code read} in place of an older one. */
    Listen renewedBy(Listen read) {
      return tls.isEmpty() || read.tls.isEmpty()
          ? this
          : new Listen(
              host, port, allowedHosts, allowedOrigins, maxConnections, read.tls, h2c, drain);
    }
  }

  /**
   * A certificate and its key.
   *
   * @param certificate in PEM, followed by those that vouch for it
   * @param key in PEM, PKCS #8
   */
  public record Tls(String certificate, String key) {
    @Override
    public String toString() {
      return "Tls"; // the key is a secret
    }
  }

  /**
   * Where metrics and health are served.
   *
   * @param port 0 for any free one
   * @param token SHA-256 of what must be shown to change the registry; without one nobody may
   */
  public record Admin(String host, int port, Optional<Sha256> token) {
    public static final Admin DEFAULT = new Admin("127.0.0.1", 9090, Optional.empty());
  }

  /**
   * Where decisions are recorded.
   *
   * @param file one JSON object a line
   * @param keyFile its secret key; without one {@code FILE.key} beside it
   * @param strict whether a call waits until its record is on disk
   * @param onFailure what happens to calls whose record cannot be kept
   * @param maxBytes size at which a new file is begun; 0 for never
   * @param keepFiles how many full files are kept beside the current one; 0 for all
   */
  public record AuditConfig(
      Path file,
      Optional<Path> keyFile,
      boolean strict,
      OnFailure onFailure,
      long maxBytes,
      int keepFiles) {
    /** What happens to calls whose record cannot be kept. */
    public enum OnFailure {
      DENY,
      ALLOW
    }
  }

  /**
   * The file of a policy.
   *
   * @param sha256 of its bytes
   */
  public record PolicyFile(Path file, Sha256 sha256) {}

  public NodeConfig {
    servers = Map.copyOf(servers);
    policies = Map.copyOf(policies);
    policyFiles = Map.copyOf(policyFiles);
    grants = List.copyOf(grants);
    pins = Map.copyOf(pins);
  }

  /** What calls are judged by, under a revision. */
  public Snapshot snapshot(long revision, Instant since) {
    return new Snapshot(revision, since, servers, policies, grants, pins);
  }

  /** Whether calls are judged the same by both. */
  boolean judgesAs(NodeConfig other) {
    return servers.equals(other.servers)
        && policyFiles.equals(other.policyFiles)
        && grants.equals(other.grants)
        && pins.equals(other.pins);
  }
}
