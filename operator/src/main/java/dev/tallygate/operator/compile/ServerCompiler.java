package dev.tallygate.operator.compile;

import static dev.tallygate.operator.compile.Condition.Type.RESOLVED_REFS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.operator.compile.Accepting.Accepted;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.operator.resources.Resources;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A McpServer is a server in the registry. Its credential is sealed there. One whose references
 * lead nowhere stays, and cannot be called: if it went, what is pinned of it would go too.
 */
final class ServerCompiler {
  private static final List<String> AS_THEY_ARE =
      List.of(
          "timeouts",
          "limits",
          "methods",
          "denyMethods",
          "asks",
          "elicitationHosts",
          "trust",
          "checkArguments");

  private static final Pattern CERTIFICATE =
      Pattern.compile("-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----");

  private static final JsonBounds LOCK_FILE =
      new JsonBounds(4 * 1024 * 1024, 250, 1_000_000, 4 * 1024 * 1024);

  private final Resources resources;
  private final Credentials credentials;
  private final Accepting accepting;

  ServerCompiler(Resources resources, Credentials credentials, Accepting accepting) {
    this.resources = resources;
    this.credentials = credentials;
    this.accepting = accepting;
  }

  /** A reference that leads nowhere. */
  private static final class Unresolved extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    Unresolved(String reason, String message) {
      super(message, null, false, false);
      this.reason = reason;
    }
  }

  Verdict compile(Resource server) {
    JsonNode spec = server.spec();
    String url = endpoint(spec);
    ObjectNode content = Verdict.noFacts().put("url", url);
    for (String key : AS_THEY_ARE) {
      if (spec.hasNonNull(key)) {
        content.set(key, spec.get(key));
      }
    }
    Condition resolved;
    try {
      headers(server).ifPresent(headers -> content.set("headers", headers));
      if (spec.hasNonNull("caSecretRef")) {
        content.put("ca", certificates(spec.get("caSecretRef")));
      }
      lockFile(server);
      resolved =
          Condition.yes(RESOLVED_REFS, "ResolvedRefs", "everything that it refers to is there");
    } catch (Unresolved e) {
      content.remove(List.of("headers", "ca"));
      content.put("unusable", e.getMessage());
      resolved = Condition.no(RESOLVED_REFS, e.reason, e.getMessage());
    }
    Accepted accepted = accepting.decide(server.ref(), new Content(content));
    return new Verdict(
        server,
        accepted.content(),
        accepted.condition(),
        Optional.of(resolved),
        Optional.empty(),
        Verdict.noFacts().put("path", "/mcp/" + server.name()).put("endpoint", url));
  }

  /** What its lock file pins of it. */
  Optional<Content> pins(Resource server) {
    try {
      return lockFile(server);
    } catch (Unresolved e) {
      return Optional.empty();
    }
  }

  private String endpoint(JsonNode spec) {
    if (spec.hasNonNull("url")) {
      return spec.get("url").asText();
    }
    JsonNode service = spec.path("serviceRef");
    return (service.path("tls").asBoolean() ? "https" : "http")
        + "://"
        + service.path("name").asText()
        + "."
        + resources.namespace()
        + ".svc:"
        + service.path("port").asInt()
        + service.path("path").asText("/mcp");
  }

  private Optional<ObjectNode> headers(Resource server) throws Unresolved {
    ObjectNode headers = Verdict.noFacts();
    for (Map.Entry<String, JsonNode> header : server.spec().path("headers").properties()) {
      headers.put(header.getKey(), literal(header.getValue().asText()));
    }
    JsonNode credential = server.spec().path("credential");
    if (!credential.isMissingNode()) {
      String header = credential.path("header").asText("Authorization");
      String place =
          JsonPointers.child(
              JsonPointers.child(JsonPointers.child("/servers", server.name()), "headers"), header);
      String value = credential(credential.path("secretRef"));
      headers.put(
          header,
          literal(credential.path("prefix").asText("Bearer "))
              + "${sealed:"
              + credentials.sealing().seal(place, value)
              + "}");
    }
    return headers.isEmpty() ? Optional.empty() : Optional.of(headers);
  }

  /** So that nothing in a text refers to variables and files of nodes. */
  private static String literal(String text) {
    return text.replace("${", "$${");
  }

  /** Only those: a file in PEM may hold a key as well, and what is here is not sealed. */
  private String certificates(JsonNode reference) throws Unresolved {
    String found =
        CERTIFICATE
            .matcher(secret(reference, "ca.crt"))
            .results()
            .map(certificate -> certificate.group().strip() + "\n")
            .collect(Collectors.joining());
    if (found.isEmpty()) {
      throw new Unresolved(
          "CertificateMalformed",
          "the key "
              + reference.path("key").asText("ca.crt")
              + " of the Secret "
              + reference.path("name").asText()
              + " holds no certificate in PEM");
    }
    return found;
  }

  private String credential(JsonNode reference) throws Unresolved {
    String value = secret(reference, "token").strip();
    String name = reference.path("name").asText();
    if (credentials.areOfGateways(name, value, resources)) {
      throw new Unresolved(
          "SecretNotAllowed",
          "the Secret " + name + " is the gateways' own, which no server is shown; name another");
    }
    return value;
  }

  private String secret(JsonNode reference, String defaultKey) throws Unresolved {
    String name = reference.path("name").asText();
    String key = reference.path("key").asText(defaultKey);
    Map<String, String> secret = resources.secrets().get(name);
    if (secret == null) {
      throw new Unresolved(
          "SecretNotFound",
          "there is no Secret " + name + " that it may use; create it, as Opaque");
    }
    if (!secret.containsKey(key)) {
      throw new Unresolved("KeyNotFound", "the Secret " + name + " has no key " + key);
    }
    return secret.get(key);
  }

  private Optional<Content> lockFile(Resource server) throws Unresolved {
    JsonNode reference = server.spec().path("pins").path("configMapRef");
    if (reference.isMissingNode()) {
      return Optional.empty();
    }
    String name = reference.path("name").asText();
    String key = reference.path("key").asText("tallygate.lock.json");
    Map<String, String> configMap = resources.configMaps().get(name);
    if (configMap == null) {
      throw new Unresolved("ConfigMapNotFound", "there is no ConfigMap " + name + "; create it");
    }
    if (!configMap.containsKey(key)) {
      throw new Unresolved("KeyNotFound", "the ConfigMap " + name + " has no key " + key);
    }
    try {
      JsonNode pins =
          StrictJson.read(configMap.get(key).getBytes(StandardCharsets.UTF_8), LOCK_FILE)
              .path("servers")
              .path(server.name());
      if (pins.isObject()) {
        Content content = new Content(pins);
        Optional<String> refusal = accepting.refusalOfPins(server.name(), content);
        if (refusal.isPresent()) {
          throw new Unresolved(
              "InvalidPins",
              "the lock file in the ConfigMap " + name + " is wrong at " + refusal.get());
        }
        return Optional.of(content);
      }
    } catch (JsonRefused e) {
      throw new Unresolved(
          "InvalidPins",
          "the key " + key + " of the ConfigMap " + name + " is not JSON: " + e.getMessage());
    }
    throw new Unresolved(
        "InvalidPins",
        "the lock file in the ConfigMap "
            + name
            + " has nothing of the server "
            + server.name()
            + "; write it with tallygate pin");
  }
}
