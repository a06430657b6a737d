package dev.tallygate.node.config;

import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.Position;
import dev.tallygate.node.config.NodeConfig.Admin;
import dev.tallygate.node.config.NodeConfig.AuditConfig;
import dev.tallygate.node.config.NodeConfig.Listen;
import dev.tallygate.node.config.NodeConfig.PolicyFile;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyReading;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Reads a node's configuration and everything that it refers to. Each reading stands alone, so a
 * reader may be shared between threads.
 */
public final class ConfigReader {
  static final List<String> KEYS =
      List.of("name", "listen", "admin", "servers", "policies", "grants", "audit");

  static final List<String> LISTEN_KEYS =
      List.of("host", "port", "allowedHosts", "allowedOrigins", "maxConnections");

  static final List<String> AUDIT_KEYS =
      List.of("file", "keyFile", "strict", "onFailure", "maxBytes", "keepFiles");

  static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:\\[\\]-]{1,253}");
  private static final Pattern ORIGIN =
      Pattern.compile(
          "[a-z][a-z0-9+.-]*://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\\[[0-9a-f:]+](:\\d+)?");

  private final UnaryOperator<String> environment;

  /** Reads with the variables of this process. */
  public ConfigReader() {
    this(System::getenv);
  }

  /**
   * @param environment gives a variable's value, or null
   */
  public ConfigReader(UnaryOperator<String> environment) {
    this.environment = environment;
  }

  /** Reads a file and everything that it refers to. Never throws for what is in them. */
  public ConfigReading read(Path file) {
    Path absolute = file.toAbsolutePath();
    Surroundings surroundings = new Surroundings(absolute.getParent(), environment, true);
    Findings findings = new Findings(file);
    Optional<NodeConfig> config = Optional.empty();
    try {
      byte[] bytes = surroundings.read(absolute, YamlReader.MAX_BYTES);
      config = read(YamlReader.decode(bytes), findings, surroundings);
    } catch (IOException e) {
      findings.error("", Position.START, "the file " + e.getMessage());
    } catch (YamlRefused e) {
      findings.error("", e.position(), e.getMessage());
    }
    return new ConfigReading(
        findings.hasErrors() ? Optional.empty() : config, findings.all(), surroundings.files());
  }

  /** What is found in a policy file. */
  public List<ConfigFinding> readPolicy(Path file) {
    Findings findings = new Findings(file);
    try {
      Path absolute = file.toAbsolutePath();
      byte[] bytes =
          new Surroundings(absolute.getParent(), environment, true)
              .read(absolute, YamlReader.MAX_BYTES);
      Policy.read(bytes).findings().forEach(finding -> findings.add(file, finding));
    } catch (IOException e) {
      findings.error("", Position.START, "the file " + e.getMessage());
    }
    return findings.all();
  }

  /** An error of a server, found at the place where the file names it. */
  public ConfigFinding serverError(Path file, String server, String message) {
    Position place = Position.START;
    try {
      if (YamlReader.read(YamlReader.decode(Files.readAllBytes(file))).orElse(null)
              instanceof YamlNode.Mapping root
          && root.value("servers").orElse(null) instanceof YamlNode.Mapping servers) {
        place = servers.entry(server).map(e -> e.key().span().position()).orElse(place);
      }
    } catch (IOException | YamlRefused e) {
      // It was read a moment ago; its beginning will do.
    }
    String pointer = JsonPointers.child("/servers", server);
    return new ConfigFinding(file, new Finding(Finding.Severity.ERROR, pointer, place, message));
  }

  /**
   * Reads a text alone: what it refers to is neither read nor needed. What comes of it tells what
   * the text says, but holds no policies and no secrets.
   */
  ConfigReading readAlone(Path file, String text) {
    Surroundings surroundings =
        new Surroundings(file.toAbsolutePath().getParent(), environment, false);
    Findings findings = new Findings(file);
    Optional<NodeConfig> config = Optional.empty();
    try {
      config = read(text, findings, surroundings);
    } catch (YamlRefused e) {
      findings.error("", e.position(), e.getMessage());
    }
    return new ConfigReading(
        findings.hasErrors() ? Optional.empty() : config, findings.all(), surroundings.files());
  }

  private Optional<NodeConfig> read(String text, Findings findings, Surroundings surroundings)
      throws YamlRefused {
    Optional<YamlNode> root = YamlReader.read(text);
    if (root.isEmpty()) {
      findings.error(
          "", Position.START, "the file is empty; it needs at least `servers` and `audit`");
      return Optional.empty();
    }
    return Fields.of(root.get(), "", findings, KEYS)
        .flatMap(fields -> read(fields, findings, surroundings));
  }

  private Optional<NodeConfig> read(Fields root, Findings findings, Surroundings surroundings) {
    String name = name(root);
    Listen listen =
        root.fields("listen", LISTEN_KEYS)
            .map(fields -> listen(fields, findings))
            .orElse(Listen.DEFAULT);
    Admin admin =
        root.fields("admin", List.of("host", "port"))
            .map(
                fields ->
                    new Admin(
                        host(fields, Admin.DEFAULT.host()), port(fields, Admin.DEFAULT.port())))
            .orElse(Admin.DEFAULT);
    if (listen.port() != 0 && listen.port() == admin.port() && listen.host().equals(admin.host())) {
      findings.error(
          "/admin/port",
          root.mapping().value("admin").orElse(root.mapping()),
          "`admin` and `listen` share port " + admin.port() + "; give one of them another");
    }
    Optional<AuditConfig> audit = audit(root, surroundings);
    Map<String, Server> servers =
        new ServerReader(findings, surroundings).read(root.named("servers"));
    if (root.mapping().value("servers").isEmpty()) {
      findings.error(
          "",
          root.mapping(),
          "`servers` is missing; name at least one: servers: { everything: { url: ... } }");
    }
    Map<String, Policy> policies = new LinkedHashMap<>();
    Map<String, PolicyFile> policyFiles = new LinkedHashMap<>();
    Map<Path, Optional<Policy>> readBefore = new LinkedHashMap<>();
    for (Entry entry : root.named("policies")) {
      policy(entry, findings, surroundings, policies, policyFiles, readBefore);
    }
    List<Grant> grants =
        new GrantReader(findings, surroundings, names(root, "servers"), names(root, "policies"))
            .read(root.items("grants"));
    return audit.map(
        log -> new NodeConfig(name, listen, admin, log, servers, policies, policyFiles, grants));
  }

  private static Set<String> names(Fields root, String key) {
    Set<String> names = new LinkedHashSet<>();
    root.named(key).forEach(entry -> names.add(entry.key().text()));
    return names;
  }

  private String name(Fields root) {
    Optional<String> name = root.text("name");
    if (name.isPresent() && !NAME.matcher(name.get()).matches()) {
      root.error("name", "must be 1 to 63 letters, digits, dots, dashes and underscores");
    }
    return name.orElseGet(this::hostName);
  }

  private String hostName() {
    String fromEnvironment = environment.apply("HOSTNAME");
    if (fromEnvironment != null && NAME.matcher(fromEnvironment).matches()) {
      return fromEnvironment;
    }
    try {
      String host = InetAddress.getLocalHost().getHostName();
      return NAME.matcher(host).matches() ? host : "node";
    } catch (UnknownHostException e) {
      return "node";
    }
  }

  private static Listen listen(Fields fields, Findings findings) {
    List<String> hosts = fields.texts("allowedHosts").orElse(List.of());
    for (int i = 0; i < hosts.size(); i++) {
      if (!hosts.get(i).matches("[A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}]")) {
        fields.error(
            "allowedHosts",
            "has \"" + hosts.get(i) + "\", which is not a host name; leave out scheme and port");
      }
    }
    List<String> origins = fields.texts("allowedOrigins").orElse(List.of());
    for (String origin : origins) {
      if (!ORIGIN.matcher(origin).matches()) {
        fields.error(
            "allowedOrigins",
            "has \""
                + origin
                + "\", which is not an origin; write it in lower case as https://example.org or"
                + " http://localhost:6274, without a path");
      }
    }
    return new Listen(
        host(fields, Listen.DEFAULT.host()),
        port(fields, Listen.DEFAULT.port()),
        hosts.stream().map(host -> host.toLowerCase(Locale.ROOT)).toList(),
        origins,
        fields.wholeNumber("maxConnections", 1, 1_000_000).orElse(Listen.DEFAULT.maxConnections()));
  }

  private static String host(Fields fields, String otherwise) {
    Optional<String> host = fields.text("host");
    if (host.isPresent() && !HOST.matcher(host.get()).matches()) {
      fields.error("host", "must be a host name or an IP address, such as 127.0.0.1");
    }
    return host.orElse(otherwise);
  }

  private static int port(Fields fields, int otherwise) {
    return fields.wholeNumber("port", 0, 65_535).orElse(otherwise);
  }

  private static Optional<AuditConfig> audit(Fields root, Surroundings surroundings) {
    if (root.mapping().value("audit").isEmpty()) {
      root.error(
          "audit", "is missing; say where decisions are recorded: audit: { file: audit.jsonl }");
      return Optional.empty();
    }
    return root.fields("audit", AUDIT_KEYS).flatMap(fields -> audit(surroundings, fields));
  }

  private static Optional<AuditConfig> audit(Surroundings surroundings, Fields fields) {
    Optional<Path> file =
        fields
            .requiredText("file", "say where decisions are recorded: file: audit.jsonl")
            .flatMap(written -> path(fields, "file", written, surroundings));
    Optional<Path> keyFile =
        fields.text("keyFile").flatMap(written -> path(fields, "keyFile", written, surroundings));
    Optional<String> onFailure = fields.text("onFailure");
    if (onFailure.isPresent() && !List.of("deny", "allow").contains(onFailure.get())) {
      fields.error("onFailure", "must be deny or allow");
    }
    boolean strict = fields.bool("strict").orElse(false);
    long maxBytes = fields.bytes("maxBytes", 0, 1L << 40).orElse(100L << 20);
    if (maxBytes > 0 && maxBytes < 64L << 10) {
      fields.error("maxBytes", "must be at least 64KiB, or 0 to keep one file");
    }
    int keepFiles = fields.wholeNumber("keepFiles", 0, 10_000).orElse(0);
    return file.map(
        path ->
            new AuditConfig(
                path,
                keyFile,
                strict,
                onFailure.equals(Optional.of("allow"))
                    ? AuditConfig.OnFailure.ALLOW
                    : AuditConfig.OnFailure.DENY,
                maxBytes,
                keepFiles));
  }

  /** A path that is only named here, not read. */
  static Optional<Path> path(Fields fields, String key, String written, Surroundings surroundings) {
    try {
      return Optional.of(surroundings.path(written));
    } catch (IOException e) {
      fields.error(key, e.getMessage());
      return Optional.empty();
    }
  }

  private static void policy(
      Entry entry,
      Findings findings,
      Surroundings surroundings,
      Map<String, Policy> policies,
      Map<String, PolicyFile> policyFiles,
      Map<Path, Optional<Policy>> readBefore) {
    String name = entry.key().text();
    String pointer = JsonPointers.child("/policies", name);
    if (!NAME.matcher(name).matches()) {
      findings.error(
          pointer,
          entry.key(),
          "a policy's name must be 1 to 63 letters, digits, dots, dashes and underscores");
    }
    Optional<Fields> fields = Fields.of(entry.value(), pointer, findings, List.of("file"));
    Optional<String> written =
        fields.flatMap(of -> of.requiredText("file", "say where the policy is: file: NAME.json"));
    if (written.isEmpty() || !surroundings.followed()) {
      return;
    }
    try {
      Path file = surroundings.path(written.get());
      byte[] bytes = surroundings.read(file, YamlReader.MAX_BYTES);
      Optional<Policy> policy = readBefore.get(file);
      if (policy == null) {
        PolicyReading reading = Policy.read(bytes);
        for (Finding finding : reading.findings()) {
          findings.add(file, finding);
        }
        policy = reading.policy();
        readBefore.put(file, policy);
      }
      policy.ifPresent(compiled -> policies.put(name, compiled));
      policyFiles.put(name, new PolicyFile(file, Sha256.of(bytes)));
    } catch (IOException e) {
      fields.get().error("file", "names " + written.get() + ", which " + e.getMessage());
    }
  }
}
