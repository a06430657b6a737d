package dev.tallygate.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.hazelcast.ClusterSettings.Role;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.Position;
import dev.tallygate.json.StrictJson;
import dev.tallygate.node.config.NodeConfig.Admin;
import dev.tallygate.node.config.NodeConfig.AuditConfig;
import dev.tallygate.node.config.NodeConfig.Listen;
import dev.tallygate.node.config.NodeConfig.PolicyFile;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyReading;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.RegistrySettings;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Trust;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
      List.of(
          "name",
          "listen",
          "admin",
          "servers",
          "policies",
          "grants",
          "pins",
          "audit",
          "cluster",
          "counters");

  static final List<String> LISTEN_KEYS =
      List.of(
          "host",
          "port",
          "allowedHosts",
          "allowedOrigins",
          "maxConnections",
          "tls",
          "h2c",
          "drain");

  static final List<String> ADMIN_KEYS = List.of("host", "port", "token");

  static final List<String> AUDIT_KEYS =
      List.of("file", "keyFile", "strict", "onFailure", "maxBytes", "keepFiles");

  static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  private static final Duration MAX_DRAIN = Duration.ofMinutes(5);

  private static final int MIN_ADMIN_TOKEN = 16;
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
      config = read(YamlReader.decode(bytes), absolute, findings, surroundings);
    } catch (IOException e) {
      findings.error("", Position.START, "the file " + e.getMessage());
    } catch (YamlRefused e) {
      findings.error("", e.position(), e.getMessage());
    }
    return new ConfigReading(
        findings.hasErrors() ? Optional.empty() : config, findings.all(), surroundings.files());
  }

  /**
   * Reads what a process needs that only holds data: other keys may be there, and are not read.
   *
   * @throws ConfigRefused where it has errors, or is not the file of a data member
   */
  public StateConfig readState(Path file) throws ConfigRefused {
    Findings findings = new Findings(file);
    Optional<StateConfig> config = readState(file, findings);
    if (config.isEmpty() || findings.hasErrors()) {
      throw new ConfigRefused(findings.all().stream().filter(ConfigFinding::isError).toList());
    }
    return config.get();
  }

  private Optional<StateConfig> readState(Path file, Findings findings) {
    return root(file, findings)
        .flatMap(
            root -> {
              Surroundings surroundings =
                  new Surroundings(file.toAbsolutePath().getParent(), environment, true);
              Admin admin = admin(root);
              Optional<ClusterSettings> cluster = cluster(root, name(root), findings, surroundings);
              if (cluster.isEmpty() || cluster.get().role() != Role.MEMBER) {
                root.error("cluster", "is not that of a data member; say role: member");
              }
              Optional<DurabilitySettings> durability =
                  durability(root, cluster, findings, surroundings);
              return cluster
                  .map(settings -> settings.in(Role.STATE))
                  .map(settings -> new StateConfig(admin, settings, durability));
            });
  }

  /**
   * Reads where the process that runs by a file is asked for its state; nothing else is looked at.
   *
   * @throws ConfigRefused where the file does not say
   */
  public Admin readAdmin(Path file) throws ConfigRefused {
    Findings findings = new Findings(file);
    Optional<Admin> admin = root(file, findings).map(ConfigReader::admin);
    if (admin.isEmpty() || findings.hasErrors()) {
      throw new ConfigRefused(findings.all().stream().filter(ConfigFinding::isError).toList());
    }
    return admin.get();
  }

  private static Optional<Fields> root(Path file, Findings findings) {
    try {
      String text = YamlReader.decode(Surroundings.contents(file));
      Optional<YamlNode> root = YamlReader.read(text);
      if (root.isEmpty()) {
        findings.error("", Position.START, "the file is empty");
      }
      return root.flatMap(node -> Fields.of(node, "", findings, KEYS));
    } catch (IOException e) {
      findings.error("", Position.START, e.getMessage());
    } catch (YamlRefused e) {
      findings.error("", e.position(), e.getMessage());
    }
    return Optional.empty();
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
      config = read(text, file, findings, surroundings);
    } catch (YamlRefused e) {
      findings.error("", e.position(), e.getMessage());
    }
    return new ConfigReading(
        findings.hasErrors() ? Optional.empty() : config, findings.all(), surroundings.files());
  }

  private Optional<NodeConfig> read(
      String text, Path file, Findings findings, Surroundings surroundings) throws YamlRefused {
    Optional<YamlNode> root = YamlReader.read(text);
    if (root.isEmpty()) {
      findings.error(
          "", Position.START, "the file is empty; it needs at least `servers` and `audit`");
      return Optional.empty();
    }
    return Fields.of(root.get(), "", findings, KEYS)
        .flatMap(fields -> read(fields, file, findings, surroundings));
  }

  private Optional<NodeConfig> read(
      Fields root, Path file, Findings findings, Surroundings surroundings) {
    String name = name(root);
    Listen listen =
        root.fields("listen", LISTEN_KEYS)
            .map(fields -> listen(fields, surroundings))
            .orElse(Listen.DEFAULT);
    Admin admin = admin(root, findings, surroundings);
    if (listen.port() != 0 && listen.port() == admin.port() && listen.host().equals(admin.host())) {
      findings.error(
          "/admin/port",
          root.mapping().value("admin").orElse(root.mapping()),
          "`admin` and `listen` share port " + admin.port() + "; give one of them another");
    }
    Optional<AuditConfig> audit = audit(root, surroundings);
    Optional<ClusterSettings> cluster = cluster(root, name, findings, surroundings);
    Optional<DurabilitySettings> durability = durability(root, cluster, findings, surroundings);
    Map<String, Server> servers =
        new ServerReader(findings, surroundings).read(root.named("servers"));
    if (root.mapping().value("servers").isEmpty() && cluster.isEmpty()) {
      findings.error(
          "",
          root.mapping(),
          "`servers` is missing; name at least one: servers: { everything: { url: ... } }");
    }
    Map<String, Policy> policies = new LinkedHashMap<>();
    Map<String, PolicyFile> policyFiles = new LinkedHashMap<>();
    Map<String, JsonNode> documents = new LinkedHashMap<>();
    Map<Path, Optional<Policy>> readBefore = new LinkedHashMap<>();
    for (Entry entry : root.named("policies")) {
      policy(entry, findings, surroundings, policies, policyFiles, documents, readBefore);
    }
    List<Grant> grants =
        new GrantReader(findings, surroundings, names(root, "servers"), names(root, "policies"))
            .read(root.items("grants"));
    Optional<Path> pinFile = pinFile(root, file, surroundings);
    Map<String, ServerPins> pins =
        pinFile.map(at -> pins(at, findings, surroundings)).orElse(Map.of());
    warnOfMissingPins(root, servers, pins, findings, surroundings);
    return audit.flatMap(
        log ->
            pinFile.map(
                lock ->
                    new NodeConfig(
                        name,
                        listen,
                        admin,
                        log,
                        servers,
                        policies,
                        policyFiles,
                        grants,
                        lock,
                        pins,
                        cluster,
                        maxCutOff(root),
                        durability,
                        Declared.of(root.named("servers"), documents, grants, pins))));
  }

  private static Admin admin(Fields root) {
    return root.fields("admin", ADMIN_KEYS)
        .map(
            fields ->
                new Admin(
                    host(fields, Admin.DEFAULT.host()),
                    port(fields, Admin.DEFAULT.port()),
                    Optional.empty()))
        .orElse(Admin.DEFAULT);
  }

  private static Admin admin(Fields root, Findings findings, Surroundings surroundings) {
    Admin admin = admin(root);
    return new Admin(
        admin.host(), admin.port(), adminToken(root, findings, surroundings).map(Sha256::of));
  }

  private static Optional<String> adminToken(
      Fields root, Findings findings, Surroundings surroundings) {
    Optional<Fields> fields =
        root.mapping().value("admin").flatMap(node -> root.fields("admin", ADMIN_KEYS));
    Optional<String> written = fields.flatMap(admin -> admin.text("token"));
    if (written.isEmpty()) {
      return Optional.empty();
    }
    if (!written.get().contains("${")) {
      fields
          .get()
          .error("token", "is a secret; write where it is: \"${env:TALLYGATE_ADMIN_TOKEN}\"");
      return Optional.empty();
    }
    Optional<String> token =
        new References(findings, surroundings)
            .follow(
                fields.get().pointer("token"),
                (YamlNode.Scalar) fields.get().mapping().value("token").orElseThrow());
    if (!surroundings.followed()) {
      return Optional.empty();
    }
    if (token.isPresent() && !token.get().matches("[\\x21-\\x7e]{1,1024}")) {
      fields.get().error("token", "must be printable ASCII without spaces, on one line");
    } else if (token.isPresent() && token.get().length() < MIN_ADMIN_TOKEN) {
      fields
          .get()
          .error(
              "token",
              "has fewer than "
                  + MIN_ADMIN_TOKEN
                  + " characters; `openssl rand -hex 32` makes one that nobody guesses");
    }
    return token;
  }

  /** Whether a file says that its node belongs to a cluster; not if it cannot be read. */
  public boolean isClustered(Path file) {
    return root(file, new Findings(file)).filter(ConfigReader::isClustered).isPresent();
  }

  private static boolean isClustered(Fields root) {
    return root.mapping().value("cluster").orElse(null) instanceof YamlNode.Mapping cluster
        && cluster.text("role").filter(role -> !role.equals("standalone")).isPresent();
  }

  /**
   * Reads where and how the node that runs by a file is told to change its registry; nothing else
   * is looked at.
   *
   * @throws ConfigRefused where the file does not say
   */
  public AdminAccess readAdminAccess(Path file) throws ConfigRefused {
    Findings findings = new Findings(file);
    Surroundings surroundings =
        new Surroundings(file.toAbsolutePath().getParent(), environment, true);
    Optional<AdminAccess> access =
        root(file, findings)
            .map(root -> new AdminAccess(admin(root), adminToken(root, findings, surroundings)));
    if (access.isEmpty() || findings.hasErrors()) {
      throw new ConfigRefused(findings.all().stream().filter(ConfigFinding::isError).toList());
    }
    return access.get();
  }

  private static Optional<ClusterSettings> cluster(
      Fields root, String name, Findings findings, Surroundings surroundings) {
    Optional<ClusterSettings> cluster =
        root.fields("cluster", ClusterReader.KEYS)
            .flatMap(fields -> new ClusterReader(findings, surroundings).read(name, fields));
    if (cluster.isPresent()
        && cluster.get().role() == Role.MEMBER
        && cluster.get().dataDir().isEmpty()) {
      root.error("cluster", "needs `dataDir`: a data member keeps the registry there");
    }
    return cluster;
  }

  private static Optional<DurabilitySettings> durability(
      Fields root,
      Optional<ClusterSettings> cluster,
      Findings findings,
      Surroundings surroundings) {
    return root.fields("counters", CountersReader.KEYS)
        .flatMap(
            fields ->
                new CountersReader(findings, surroundings)
                    .read(fields, isClustered(root), cluster));
  }

  private static Duration maxCutOff(Fields root) {
    return root.fields("cluster", ClusterReader.KEYS)
        .flatMap(
            fields -> fields.duration("maxCutOff", Duration.ofSeconds(3), Duration.ofMinutes(5)))
        .orElse(RegistrySettings.MAX_CUT_OFF);
  }

  private static Optional<Path> pinFile(Fields root, Path file, Surroundings surroundings) {
    Optional<Fields> fields = root.fields("pins", List.of("file"));
    Optional<String> written = fields.flatMap(pins -> pins.text("file"));
    return written.isPresent()
        ? path(fields.get(), "file", written.get(), surroundings)
        : path(root, "pins", PinFile.nameFor(file), surroundings);
  }

  /** What a lock file approves; one that is not there approves nothing. */
  private static Map<String, ServerPins> pins(
      Path file, Findings findings, Surroundings surroundings) {
    if (!surroundings.followed()) {
      return Map.of();
    }
    try {
      List<Finding> wrong = new ArrayList<>();
      Map<String, ServerPins> pins =
          PinFile.read(surroundings.read(file, YamlReader.MAX_BYTES), wrong);
      wrong.forEach(finding -> findings.add(file, finding));
      return pins;
    } catch (IOException e) {
      if (Files.exists(file)) {
        findings.add(
            file,
            new Finding(Finding.Severity.ERROR, "", Position.START, "the file " + e.getMessage()));
      }
      return Map.of();
    }
  }

  /** A server of which nothing is approved is of no use, and that should not be a riddle. */
  private static void warnOfMissingPins(
      Fields root,
      Map<String, Server> servers,
      Map<String, ServerPins> pins,
      Findings findings,
      Surroundings surroundings) {
    for (Entry entry : surroundings.followed() ? root.named("servers") : List.<Entry>of()) {
      String name = entry.key().text();
      Server server = servers.get(name);
      if (server != null && server.trust() == Trust.PINNED && !pins.containsKey(name)) {
        findings.warning(
            JsonPointers.child("/servers", name),
            entry.key(),
            "nothing of this server is pinned, so all its tools are hidden; run `tallygate pin`");
      }
    }
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

  private static Listen listen(Fields fields, Surroundings surroundings) {
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
        fields.wholeNumber("maxConnections", 1, 1_000_000).orElse(Listen.DEFAULT.maxConnections()),
        fields.fields("tls", TlsReader.KEYS).flatMap(new TlsReader(surroundings)::read),
        h2c(fields),
        fields.duration("drain", Duration.ZERO, MAX_DRAIN).orElse(Listen.DEFAULT.drain()));
  }

  private static boolean h2c(Fields fields) {
    boolean h2c = fields.bool("h2c").orElse(false);
    if (h2c && fields.mapping().value("tls").isPresent()) {
      fields.error("h2c", "is for clear text; with `tls` HTTP/2 is always spoken, so remove it");
    }
    return h2c;
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
      Map<String, JsonNode> documents,
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
      if (policy.isPresent()) {
        policies.put(name, policy.get());
        documents.put(name, StrictJson.read(bytes, JsonBounds.DOCUMENT));
      }
      policyFiles.put(name, new PolicyFile(file, Sha256.of(bytes)));
    } catch (JsonRefused e) {
      throw new IllegalStateException("a policy was read that is not JSON", e);
    } catch (IOException e) {
      fields.get().error("file", "names " + written.get() + ", which " + e.getMessage());
    }
  }
}
