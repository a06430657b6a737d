package dev.tallygate.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyReading;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Sealing;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Snapshot;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns a registry's document into what calls are judged by, with the readers of the configuration
 * file, and reads a policy or a grant that did not change once. Secrets are looked up on this node:
 * environment, and files relative to the folder of its configuration. Thread-safe.
 */
public final class DocumentCompiler {
  private static final Path NAME = Path.of("registry");

  private static final Pattern GRANT = Pattern.compile("/grants/([0-9]{1,9})(/.*)?");

  /** Why a server cannot be called, as its source says. */
  private static final String UNUSABLE = "unusable";

  private final Path folder;
  private final UnaryOperator<String> environment;
  private final Optional<Sealing> sealing;
  private final Map<String, ReadPolicy> readPolicies = new ConcurrentHashMap<>();
  private final ReadGrants readGrants = new ReadGrants();
  private volatile Optional<Checked> checked = Optional.empty();

  /** What reading a policy's document gave. */
  private record ReadPolicy(JsonNode document, PolicyReading reading) {}

  /** A document that was found in order, which whoever publishes it enforces next. */
  private record Checked(RegistryDocument document, Compiled alone) {}

  /**
   * @param configuration the node's file
   * @param environment gives a variable's value, or null
   * @param sealing opens secrets that the registry has
   */
  public DocumentCompiler(Path configuration, UnaryOperator<String> environment, Sealing sealing) {
    this.folder = configuration.toAbsolutePath().getParent();
    this.environment = environment;
    this.sealing = Optional.of(sealing);
  }

  /**
   * A document, ready to judge calls.
   *
   * @param unusable servers whose secrets are not to be had here, with the reason
   * @param files that were asked for, with the digest of what was read
   */
  public record Compiled(
      Map<String, Server> servers,
      Map<String, Policy> policies,
      List<Grant> grants,
      Map<String, ServerPins> pins,
      Map<String, String> unusable,
      Map<Path, Optional<Sha256>> files) {
    public Compiled {
      servers = Map.copyOf(servers);
      policies = Map.copyOf(policies);
      grants = List.copyOf(grants);
      pins = Map.copyOf(pins);
      unusable = Map.copyOf(unusable);
      files = Map.copyOf(files);
    }

    /** What calls are judged by, under a revision. */
    public Snapshot snapshot(long revision, Instant since) {
      return new Snapshot(revision, since, servers, policies, grants, pins, unusable);
    }
  }

  /**
   * Finds whether a document is in order, on any node: secrets are not needed.
   *
   * @param source whose grants must name servers and policies that are there. What another source
   *     took away stops nobody: a grant without its server opens nothing, one without its policy is
   *     denied every call
   * @throws DocumentRefused if it has errors
   */
  public void check(RegistryDocument document, Optional<String> source) throws DocumentRefused {
    checked = Optional.of(new Checked(document, read(document, surroundings(false), source)));
  }

  private Surroundings surroundings(boolean followed) {
    return new Surroundings(folder, environment, followed, sealing);
  }

  /**
   * Compiles.
   *
   * @throws DocumentRefused if it has errors; a secret that is not to be had is none
   */
  public Compiled compile(RegistryDocument document) throws DocumentRefused {
    Optional<Checked> known =
        checked.filter(each -> each.document().json().equals(document.json()));
    Compiled alone =
        known.isPresent()
            ? known.get().alone()
            : read(document, surroundings(false), Optional.empty());
    checked = Optional.empty();
    Surroundings surroundings = surroundings(true);
    Map<String, Server> servers = new LinkedHashMap<>(alone.servers());
    Map<String, String> unusable = new LinkedHashMap<>();
    for (Entry entry : entries(document.json().get("servers"))) {
      String name = entry.key().text();
      JsonNode unusableEverywhere = document.json().get("servers").get(name).get(UNUSABLE);
      if (unusableEverywhere != null) {
        unusable.put(name, unusableEverywhere.asText());
        continue;
      }
      Findings findings = new Findings(NAME);
      Map<String, Server> read = new ServerReader(findings, surroundings).read(List.of(entry));
      if (findings.hasErrors()) {
        unusable.put(name, findings.all().get(0).finding().message());
      } else {
        servers.putAll(read);
      }
    }
    return new Compiled(
        servers, alone.policies(), alone.grants(), alone.pins(), unusable, surroundings.files());
  }

  private Compiled read(
      RegistryDocument document, Surroundings surroundings, Optional<String> source)
      throws DocumentRefused {
    JsonNode root = document.json();
    Findings findings = new Findings(NAME);
    Map<String, Server> servers =
        new ServerReader(findings, surroundings).read(entries(root.get("servers")));
    Map<String, Policy> policies = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> policy : root.get("policies").properties()) {
      policy(policy.getKey(), policy.getValue(), findings)
          .ifPresent(compiled -> policies.put(policy.getKey(), compiled));
    }
    Set<String> serverNames = Set.copyOf(CanonicalJson.sortedKeys(root.get("servers")));
    Set<String> policyNames = Set.copyOf(CanonicalJson.sortedKeys(root.get("policies")));
    readPolicies.keySet().retainAll(policyNames);
    List<JsonNode> effective = effective(root, source, findings);
    BiFunction<Findings, List<JsonNode>, List<Grant>> reading =
        (found, some) ->
            new GrantReader(found, surroundings, serverNames, policyNames)
                .read(some.stream().map(JsonYaml::node).toList());
    List<Grant> grants =
        readGrants
            .read(effective, serverNames, policyNames, some -> inOrder(reading, some))
            .orElseGet(() -> reading.apply(findings, effective));
    List<Finding> wrongPins = new ArrayList<>();
    Map<String, ServerPins> pins = PinFile.read((ObjectNode) root.get("pins"), wrongPins);
    wrongPins.forEach(finding -> findings.add(NAME, inRegistry(finding)));
    if (findings.hasErrors()) {
      throw new DocumentRefused(
          findings.all().stream()
              .filter(ConfigFinding::isError)
              .map(found -> place(found.finding(), effective) + ": " + found.finding().message())
              .toList());
    }
    readGrants.keep(effective, grants);
    return new Compiled(servers, policies, grants, pins, Map.of(), Map.of());
  }

  private static Optional<List<Grant>> inOrder(
      BiFunction<Findings, List<JsonNode>, List<Grant>> reading, List<JsonNode> grants) {
    Findings findings = new Findings(NAME);
    List<Grant> read = reading.apply(findings, grants);
    return findings.all().isEmpty() ? Optional.of(read) : Optional.empty();
  }

  /** Grants go by their labels: what is one's index depends on what others declare. */
  private static String place(Finding finding, List<JsonNode> grants) {
    Matcher grant = GRANT.matcher(finding.pointer());
    if (!grant.matches()) {
      return finding.pointer();
    }
    String label = grants.get(Integer.parseInt(grant.group(1))).path("label").asText();
    return label.isEmpty()
        ? finding.pointer()
        : JsonPointers.child("/grants", label) + Objects.toString(grant.group(2), "");
  }

  /** Pins stand below servers in a lock file, and beside them here. */
  private static Finding inRegistry(Finding ofLockFile) {
    return new Finding(
        ofLockFile.severity(),
        ofLockFile.pointer().replaceFirst("^/servers", "/pins"),
        ofLockFile.position(),
        ofLockFile.message());
  }

  private static List<Entry> entries(JsonNode servers) {
    ObjectNode plain = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> server : servers.properties()) {
      plain.set(
          server.getKey(),
          server.getValue() instanceof ObjectNode object
              ? object.deepCopy().without(List.of("source", UNUSABLE))
              : server.getValue());
    }
    return JsonYaml.entries(plain);
  }

  private Optional<Policy> policy(String name, JsonNode value, Findings findings) {
    String pointer = JsonPointers.child("/policies", name);
    if (!ConfigReader.NAME.matcher(name).matches()) {
      findings.error(
          pointer,
          JsonYaml.node(value),
          "a policy's name must be 1 to 63 letters, digits, dots, dashes and underscores");
    }
    PolicyReading reading = reading(name, value.path("document"));
    reading.findings().stream()
        .filter(finding -> finding.severity() == Finding.Severity.ERROR)
        .forEach(
            finding ->
                findings.add(
                    NAME,
                    new Finding(
                        finding.severity(),
                        pointer + finding.pointer(),
                        finding.position(),
                        finding.message())));
    return reading.policy();
  }

  private PolicyReading reading(String name, JsonNode document) {
    ReadPolicy known = readPolicies.get(name);
    if (known == null || !known.document().equals(document)) {
      known =
          new ReadPolicy(document, Policy.read(new JsonDocument(document, Map.of(), List.of())));
      readPolicies.put(name, known);
    }
    return known.reading();
  }

  /** The grants as they stand after what was revoked for good. */
  private static List<JsonNode> effective(
      JsonNode root, Optional<String> source, Findings findings) {
    JsonNode revoked = root.get("revoked");
    List<JsonNode> effective = new ArrayList<>();
    for (JsonNode declared : root.get("grants")) {
      if (!(declared instanceof ObjectNode)) {
        effective.add(declared);
        continue;
      }
      boolean strict = source.isPresent() && RegistryDocument.isOf(declared, source.get());
      if (!strict && !root.get("servers").has(declared.path("server").asText())) {
        continue;
      }
      ObjectNode grant = ((ObjectNode) declared.deepCopy()).without("source");
      if (grant.has("tokenFile")) {
        findings.error(
            "/grants", JsonYaml.node(grant), "a token's file is of one node; give `tokenSha256`");
        grant.remove("tokenFile");
      }
      if (!strict && !root.get("policies").has(grant.path("policy").asText())) {
        grant.remove("policy");
      }
      JsonNode since = revoked.get(grant.path("tokenSha256").asText());
      if (since != null && !grant.has("revoked")) {
        grant.set("revoked", since);
      }
      if (grant.get("previous") instanceof ArrayNode previous) {
        previous.removeIf(old -> revoked.has(old.path("tokenSha256").asText()));
      }
      effective.add(grant);
    }
    return effective;
  }
}
