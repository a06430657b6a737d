package dev.tallygate.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.node.config.YamlNode.Mapping;
import dev.tallygate.node.config.YamlNode.Scalar;
import dev.tallygate.node.config.YamlNode.Sequence;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.ServerPins;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What one source declares for a registry, in the words of the configuration file. References to
 * secrets are as they are written; policies stand whole, tokens by their hashes. Not to be changed.
 *
 * @param servers by name
 * @param policies documents by name
 * @param grants in order
 * @param pins by server, as in the lock file
 */
public record Declared(ObjectNode servers, ObjectNode policies, ArrayNode grants, ObjectNode pins) {
  /** What JSON writes as YAML does; another spelling of a number stays a text. */
  private static final Pattern NUMBER = Pattern.compile("0|-?[1-9][0-9]{0,9}");

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /** Nothing at all. */
  public static Declared nothing() {
    return new Declared(
        NODES.objectNode(), NODES.objectNode(), NODES.arrayNode(), NODES.objectNode());
  }

  static Declared of(
      List<Entry> servers,
      Map<String, JsonNode> policies,
      List<Grant> grants,
      Map<String, ServerPins> pins) {
    Declared all = nothing();
    servers.forEach(entry -> all.servers.set(entry.key().text(), json(entry.value())));
    new TreeMap<>(policies).forEach(all.policies::set);
    grants.forEach(grant -> all.grants.add(json(grant)));
    new TreeMap<>(pins).forEach((server, of) -> all.pins.set(server, PinFile.json(of)));
    return all;
  }

  /** Whether there is neither a server, nor a policy, nor a grant. */
  public boolean isEmpty() {
    return servers.isEmpty() && policies.isEmpty() && grants.isEmpty();
  }

  private static JsonNode json(YamlNode yaml) {
    if (yaml instanceof Mapping mapping) {
      ObjectNode object = NODES.objectNode();
      mapping.entries().forEach(entry -> object.set(entry.key().text(), json(entry.value())));
      return object;
    }
    if (yaml instanceof Sequence sequence) {
      ArrayNode array = NODES.arrayNode();
      sequence.items().forEach(item -> array.add(json(item)));
      return array;
    }
    Scalar scalar = (Scalar) yaml;
    if (scalar.isNull()) {
      return NODES.nullNode();
    }
    if (scalar.plain() && (scalar.text().equals("true") || scalar.text().equals("false"))) {
      return NODES.booleanNode(Boolean.parseBoolean(scalar.text()));
    }
    return scalar.plain() && NUMBER.matcher(scalar.text()).matches()
        ? NODES.numberNode(Long.parseLong(scalar.text()))
        : NODES.textNode(scalar.text());
  }

  static ObjectNode json(Grant grant) {
    ObjectNode object =
        NODES
            .objectNode()
            .put("label", grant.label())
            .put("id", grant.id())
            .put("server", grant.server());
    grant.policy().ifPresent(policy -> object.put("policy", policy));
    for (Grant.TokenHash token : grant.tokens()) {
      Optional<String> until = token.until().map(Object::toString);
      if (until.isEmpty()) {
        object.put("tokenSha256", token.sha256().hex());
      } else {
        object
            .withArray("/previous")
            .addObject()
            .put("tokenSha256", token.sha256().hex())
            .put("until", until.get());
      }
    }
    grant.expires().ifPresent(at -> object.put("expires", at.toString()));
    grant.revoked().ifPresent(at -> object.put("revoked", at.toString()));
    return object;
  }
}
