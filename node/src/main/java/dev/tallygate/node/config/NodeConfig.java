package dev.tallygate.node.config;

import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Snapshot;
import java.nio.file.Path;
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
 */
public record NodeConfig(
    String name,
    Listen listen,
    Admin admin,
    AuditConfig audit,
    Map<String, Server> servers,
    Map<String, Policy> policies,
    Map<String, PolicyFile> policyFiles,
    List<Grant> grants) {

  /**
   * Where MCP clients connect.
   *
   * @param port 0 for any free one
   * @param allowedHosts names that a Host header may give besides the loopback names, without port
   * @param allowedOrigins origins of web pages that may call, such as {@code https://example.org}
   * @param maxConnections at one time
   */
  public record Listen(
      String host,
      int port,
      List<String> allowedHosts,
      List<String> allowedOrigins,
      int maxConnections) {
    public static final Listen DEFAULT =
        new Listen("127.0.0.1", 8080, List.of(), List.of(), 10_000);

    public Listen {
      allowedHosts = List.copyOf(allowedHosts);
      allowedOrigins = List.copyOf(allowedOrigins);
    }
  }

  /**
   * Where metrics and health are served.
   *
   * @param port 0 for any free one
   */
  public record Admin(String host, int port) {
    public static final Admin DEFAULT = new Admin("127.0.0.1", 9090);
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
  }

  /** What calls are judged by, under a revision. */
  public Snapshot snapshot(long revision, Instant since) {
    return new Snapshot(revision, since, servers, policies, grants);
  }

  /** Whether calls are judged the same by both. */
  boolean judgesAs(NodeConfig other) {
    return servers.equals(other.servers)
        && policyFiles.equals(other.policyFiles)
        && grants.equals(other.grants);
  }
}
