package dev.tallygate.policy;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonPointers;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A policy made from the older YAML dialect, and what was found on the way.
 *
 * <p>The dialect states what is allowed: each of its rules becomes a {@code require} entry, each
 * rate or {@code state} counter a limit, each {@code action: deny} a {@code deny_if} entry that
 * always matches. What has no equal in the policy language is an error with its place, never
 * dropped.
 *
 * @param policy the policy as JSON text, present exactly when no finding is an error; {@link
 *     Policy#read} accepts it
 * @param findings errors and warnings, placed in the YAML text
 */
public record PolicyImport(Optional<String> policy, List<Finding> findings) {

  public PolicyImport {
    findings = List.copyOf(findings);
  }

  /** Converts a document, UTF-8 YAML. Never throws for what it says. */
  public static PolicyImport fromYaml(byte[] utf8) {
    try {
      return new Conversion(YamlDocument.read(utf8)).run();
    } catch (YamlDocument.Refused e) {
      return new PolicyImport(
          Optional.empty(),
          List.of(new Finding(Finding.Severity.ERROR, "", e.position(), e.getMessage())));
    }
  }

  /** Converts a document. Never throws for what it says. */
  public static PolicyImport fromYaml(String yaml) {
    return fromYaml(yaml.getBytes(StandardCharsets.UTF_8));
  }

  private static final class Conversion {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final JsonMapper WRITER =
        JsonMapper.builder()
            .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .nodeFactory(NODES)
            .build();
    private static final String EVERY_TOOL = "*";
    private static final String EVERY_TOOL_SCOPE = "_global";
    private static final List<String> FIELDS =
        List.of("version", "description", "default", "hide", "tools");
    private static final List<String> RULE_FIELDS =
        List.of("name", "action", "rate_limit", "conditions", "on_deny", "state");
    private static final List<String> STATE_FIELDS =
        List.of("counter", "window", "increment", "increment_from");
    private static final List<String> WINDOWS = List.of("minute", "hour", "day");
    private static final Pattern RATE = Pattern.compile("([0-9]{1,15})/([a-z]+)");
    private static final BigDecimal SMALLEST_COST =
        BigDecimal.ONE.movePointLeft(Costs.MAX_DECIMALS);

    private final JsonDocument yaml;
    private final DocumentCheck check;
    private final ObjectNode policy = NODES.objectNode();

    /** Pointers of the policy to those of the YAML text that they were made from. */
    private final Map<String, String> origins = new HashMap<>();

    private final Map<String, String> counterOrigins = new HashMap<>();

    Conversion(JsonDocument yaml) {
      this.yaml = yaml;
      this.check = new DocumentCheck(yaml);
    }

    PolicyImport run() {
      document(yaml.root());
      if (!check.hasErrors()) {
        verify();
      }
      List<Finding> findings = check.findings();
      return new PolicyImport(check.hasErrors() ? Optional.empty() : Optional.of(text()), findings);
    }

    private String text() {
      try {
        return WRITER.writerWithDefaultPrettyPrinter().writeValueAsString(policy) + "\n";
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("a tree of plain nodes can always be written", e);
      }
    }

    /** Asks the policy language what it thinks of the result. */
    private void verify() {
      for (Finding finding : Policy.read(text().getBytes(StandardCharsets.UTF_8)).findings()) {
        String at = originOf(finding.pointer());
        if (finding.severity() == Finding.Severity.ERROR) {
          check.error(at, finding.message());
        } else {
          check.warn(at, finding.message());
        }
      }
    }

    private String originOf(String pointer) {
      String at = pointer;
      String below = "";
      while (!origins.containsKey(at) && !at.isEmpty()) {
        int slash = at.lastIndexOf('/');
        below = at.substring(slash) + below;
        at = at.substring(0, slash);
      }
      return origins.getOrDefault(at, "") + below;
    }

    private void document(JsonNode root) {
      if (!check.object(root, "", "a policy", FIELDS)) {
        return;
      }
      JsonNode version = root.path("version");
      if (!version.asText().equals("1")) {
        check.error("/version", "\"version\" must be \"1\"");
      }
      policy.put("version", "1");
      if (root.hasNonNull("description") && !root.get("description").asText().isBlank()) {
        policy.set("description", root.get("description"));
      }
      // The dialect allows what it does not list unless told otherwise.
      String otherwise = check.word(root, "", "default", List.of("allow", "deny"));
      policy.put("default", otherwise);
      if (root.hasNonNull("hide")) {
        policy.set("hide", root.get("hide"));
      }
      JsonNode tools = root.path("tools");
      if (tools.isMissingNode() || tools.isNull()) {
        return;
      }
      if (!tools.isObject()) {
        check.error("/tools", "\"tools\" must map tool names to rules");
        return;
      }
      tools(tools, otherwise.equals("deny"));
    }

    private void tools(JsonNode tools, boolean deniesUnlisted) {
      Converted everyTool = new Converted();
      if (tools.has(EVERY_TOOL)) {
        everyTool = tool(EVERY_TOOL, tools.get(EVERY_TOOL));
        if (everyTool.hasEntries() && !deniesUnlisted) {
          check.error(
              everyTool.firstEntryAt(),
              "a rule of \"*\" other than a limit cannot be carried over while \"default\" is"
                  + " \"allow\", for it also binds tools that are not listed; set \"default\":"
                  + " \"deny\" and list the tools");
        }
        if (!everyTool.limits.isEmpty()) {
          ArrayNode limits = policy.putObject("all_tools").putArray("limits");
          append(limits, everyTool.limits, "/all_tools/limits");
        }
      }
      if (tools.size() > PolicyReader.MAX_TOOLS) {
        check.error("/tools", "\"tools\" has over " + PolicyReader.MAX_TOOLS + " tools");
        return;
      }
      if (everyTool.entryCharacters() * tools.size() > JsonBounds.DOCUMENT.maxBytes()) {
        check.error(
            JsonPointers.child("/tools", EVERY_TOOL),
            "copied to every listed tool, these rules make too large a policy; shorten them");
        return;
      }
      ObjectNode converted = policy.putObject("tools");
      for (Map.Entry<String, JsonNode> tool : tools.properties()) {
        if (tool.getKey().equals(EVERY_TOOL)) {
          continue;
        }
        String at = JsonPointers.child("/tools", tool.getKey());
        origins.put(at, at);
        Converted own = tool(tool.getKey(), tool.getValue());
        ObjectNode rule = converted.putObject(tool.getKey());
        List<Piece> require = new ArrayList<>(own.require);
        List<Piece> deny = own.deny;
        if (deny.isEmpty()) {
          require.addAll(everyTool.require);
          deny = everyTool.deny;
        }
        appendField(rule, at, "require", require);
        appendField(rule, at, "deny_if", deny);
        appendField(rule, at, "limits", own.limits);
      }
    }

    private void appendField(ObjectNode rule, String at, String field, List<Piece> pieces) {
      if (!pieces.isEmpty()) {
        append(rule.putArray(field), pieces, JsonPointers.child(at, field));
      }
    }

    private void append(ArrayNode array, List<Piece> pieces, String at) {
      for (Piece piece : pieces) {
        origins.put(JsonPointers.child(at, array.size()), piece.origin());
        array.add(piece.node().deepCopy());
      }
    }

    private Converted tool(String tool, JsonNode node) {
      Converted converted = new Converted();
      String at = JsonPointers.child("/tools", tool);
      if (node.isNull()) {
        return converted;
      }
      if (!check.object(node, at, "a tool", List.of("rules")) || node.path("rules").isNull()) {
        return converted;
      }
      List<JsonNode> rules = check.list(node, at, "rules", PolicyReader.MAX_ENTRIES);
      for (int i = 0; i < rules.size(); i++) {
        String ruleAt = JsonPointers.child(JsonPointers.child(at, "rules"), i);
        if (!converted.deny.isEmpty()) {
          check.error(
              ruleAt,
              "this rule is never reached, for an earlier one denies every call; remove one of"
                  + " them");
        } else {
          rule(tool, rules.get(i), ruleAt, converted);
        }
      }
      return converted;
    }

    private void rule(String tool, JsonNode rule, String at, Converted into) {
      if (rule.has("spend_limit")) {
        check.error(
            JsonPointers.child(at, "spend_limit"),
            "\"spend_limit\" has no defined form here; write a condition for the most that one call"
                + " may cost, and a \"state\" counter with \"increment_from\" for their sum");
        return;
      }
      if (!check.object(rule, at, "a rule", RULE_FIELDS)) {
        return;
      }
      String action = check.word(rule, at, "action", List.of("evaluate", "deny"));
      JsonNode conditions = rule.path("conditions");
      boolean hasConditions = conditions.isArray() && !conditions.isEmpty();
      if (!conditions.isMissingNode() && !conditions.isNull() && !conditions.isArray()) {
        check.error(JsonPointers.child(at, "conditions"), "\"conditions\" must be a list");
        return;
      }
      boolean hasState = rule.hasNonNull("state");
      boolean hasRate = rule.hasNonNull("rate_limit");
      if (action.equals("deny")) {
        if (hasConditions || hasState || hasRate) {
          check.error(
              at, "a rule that denies has no conditions, state or rate_limit; split it in two");
          return;
        }
        ObjectNode entry = labelled(rule);
        entry.putArray("conditions");
        copy(rule, "on_deny", entry);
        into.deny.add(new Piece(entry, at));
      } else if (hasRate) {
        if (hasConditions || hasState) {
          check.error(
              JsonPointers.child(at, "rate_limit"),
              "\"rate_limit\" stands alone in its rule; move conditions and state to another");
          return;
        }
        rate(tool, rule, at, into);
      } else if (hasConditions) {
        conditions(tool, rule, at, into);
      } else {
        check.error(
            at,
            hasState
                ? "the counter limits nothing: add a condition on its \"state.\" path with lte or lt"
                : "the rule says nothing: add \"conditions\", \"rate_limit\" or \"action: deny\"");
      }
    }

    private void rate(String tool, JsonNode rule, String at, Converted into) {
      Matcher rate = RATE.matcher(rule.get("rate_limit").asText());
      if (!rate.matches()
          || !WINDOWS.contains(rate.group(2))
          || new BigDecimal(rate.group(1)).signum() == 0) {
        check.error(
            JsonPointers.child(at, "rate_limit"),
            "a rate is a whole number, a slash and minute, hour or day, as in 5/hour");
        return;
      }
      ObjectNode limit = labelled(rule);
      limit.put("counter", counter(tool, "_rate_" + rate.group(2), at));
      limit.put("window", rate.group(2));
      limit.set("max", NODES.numberNode(Long.parseLong(rate.group(1))));
      limit.put("refund", "error");
      copy(rule, "on_deny", limit);
      into.limits.add(new Piece(limit, at));
    }

    private void conditions(String tool, JsonNode rule, String at, Converted into) {
      ArrayNode asked = NODES.arrayNode();
      List<String> ceilingsAt = new ArrayList<>();
      JsonNode conditions = rule.get("conditions");
      for (int i = 0; i < conditions.size(); i++) {
        String conditionAt = JsonPointers.child(JsonPointers.child(at, "conditions"), i);
        JsonNode condition = conditions.get(i);
        if (!check.object(condition, conditionAt, "a condition", List.of("path", "op", "value"))) {
          continue;
        }
        String path = condition.path("path").asText();
        if (path.startsWith("state.")) {
          ceilingsAt.add(conditionAt);
          ceiling(tool, rule, condition, at, conditionAt, into);
        } else {
          argumentPath(condition, conditionAt, "path")
              .ifPresent(
                  converted -> {
                    asked.add(((ObjectNode) condition.deepCopy()).put("path", converted));
                  });
        }
      }
      if (ceilingsAt.size() > 1) {
        check.error(
            ceilingsAt.get(1), "a rule compares its counter once; move this to a rule of its own");
      }
      if (rule.hasNonNull("state") && ceilingsAt.isEmpty()) {
        check.error(
            JsonPointers.child(at, "state"),
            "the counter limits nothing: add a condition on its \"state.\" path with lte or lt");
      }
      if (!asked.isEmpty()) {
        ObjectNode entry = labelled(rule);
        entry.set("conditions", asked);
        copy(rule, "on_deny", entry);
        into.require.add(new Piece(entry, at));
      }
    }

    private void ceiling(
        String tool,
        JsonNode rule,
        JsonNode condition,
        String at,
        String conditionAt,
        Converted into) {
      String stateAt = JsonPointers.child(at, "state");
      JsonNode state = rule.path("state");
      String scope = tool.equals(EVERY_TOOL) ? EVERY_TOOL_SCOPE : tool;
      String named = state.path("counter").asText();
      if (named.isBlank()
          || !condition.path("path").asText().equals("state." + scope + "." + named)) {
        check.error(
            JsonPointers.child(conditionAt, "path"),
            "a counter is compared where it is counted: give this rule a \"state\" block of that"
                + " counter, and the path \"state."
                + scope
                + ".<counter>\"");
        return;
      }
      if (!check.object(state, stateAt, "\"state\"", STATE_FIELDS)) {
        return;
      }
      String op = condition.path("op").asText();
      JsonNode value = condition.path("value");
      if (!value.isNumber() || !(op.equals("lte") || op.equals("lt"))) {
        check.error(conditionAt, "a counter is compared by lte or lt with a number");
        return;
      }
      if (!WINDOWS.contains(state.path("window").asText())) {
        check.error(
            state.has("window") ? JsonPointers.child(stateAt, "window") : stateAt,
            "\"window\" must be minute, hour or day");
        return;
      }
      ObjectNode limit = labelled(rule);
      limit.put("counter", counter(tool, named, at));
      limit.put("window", state.get("window").asText());
      BigDecimal max = value.decimalValue();
      boolean wholeCosts = !state.hasNonNull("increment_from");
      if (op.equals("lt")) {
        boolean stepsByOne = wholeCosts && max.stripTrailingZeros().scale() <= 0;
        max = max.subtract(stepsByOne ? BigDecimal.ONE : SMALLEST_COST);
      }
      limit.set("max", NODES.numberNode(max));
      if (!increment(state, stateAt, limit)) {
        return;
      }
      limit.put("refund", "error");
      copy(rule, "on_deny", limit);
      into.limits.add(new Piece(limit, at));
    }

    private boolean increment(JsonNode state, String stateAt, ObjectNode limit) {
      JsonNode increment = state.path("increment");
      // Zero is the dialect's "not given", and counts one.
      boolean constant = increment.isNumber() && increment.decimalValue().signum() != 0;
      if (!increment.isMissingNode()
          && !increment.isNull()
          && !increment.canConvertToExactIntegral()) {
        check.error(
            JsonPointers.child(stateAt, "increment"), "\"increment\" must be a whole number");
        return false;
      }
      if (constant && increment.decimalValue().signum() < 0) {
        check.error(JsonPointers.child(stateAt, "increment"), "\"increment\" must be zero or more");
        return false;
      }
      if (!state.hasNonNull("increment_from")) {
        if (constant) {
          limit.set("increment", increment);
        }
        return true;
      }
      if (constant) {
        check.error(
            JsonPointers.child(stateAt, "increment"),
            "\"increment\" and \"increment_from\" exclude each other; remove one of the two");
        return false;
      }
      Optional<String> path = argumentPath(state, stateAt, "increment_from");
      path.ifPresent(p -> limit.put("increment_from", p));
      return path.isPresent();
    }

    /** The dialect's steps are all meant literally: an empty step or {@code *} is a key. */
    private Optional<String> argumentPath(JsonNode parent, String parentAt, String field) {
      String path = parent.path(field).asText();
      if (!parent.path(field).isTextual() || !path.startsWith("args.")) {
        check.error(
            parent.has(field) ? JsonPointers.child(parentAt, field) : parentAt,
            "\"" + field + "\" must be a path that begins with \"args.\"");
        return Optional.empty();
      }
      List<String> steps = List.of(path.split("\\.", -1));
      if (!steps.contains("") && !steps.contains("*")) {
        return Optional.of(path);
      }
      String pointer = "";
      for (String step : steps) {
        pointer = JsonPointers.child(pointer, step);
      }
      return Optional.of(pointer);
    }

    /** The dialect counts by tool; the policy language by name alone. */
    private String counter(String tool, String counter, String at) {
      String name = (tool.equals(EVERY_TOOL) ? EVERY_TOOL_SCOPE : tool) + "." + counter;
      String other = counterOrigins.putIfAbsent(name, at);
      if (other != null) {
        check.error(
            at,
            "the counter \"" + name + "\" is also counted at " + other + "; rename one of them");
      }
      return name;
    }

    private static ObjectNode labelled(JsonNode rule) {
      ObjectNode labelled = NODES.objectNode();
      copy(rule, "name", labelled);
      return labelled;
    }

    private static void copy(JsonNode from, String field, ObjectNode to) {
      JsonNode value = from.path(field);
      boolean given = !value.isMissingNode() && !value.isNull();
      if (given && !(value.isTextual() && value.textValue().isEmpty())) {
        to.set(field, value);
      }
    }

    /** A piece of the policy and the place in the YAML text that it came from. */
    private record Piece(ObjectNode node, String origin) {}

    /** What the rules of one tool become. */
    private static final class Converted {
      private final List<Piece> require = new ArrayList<>();
      private final List<Piece> deny = new ArrayList<>();
      private final List<Piece> limits = new ArrayList<>();

      boolean hasEntries() {
        return !require.isEmpty() || !deny.isEmpty();
      }

      long entryCharacters() {
        return Stream.concat(require.stream(), deny.stream())
            .mapToLong(piece -> piece.node().toString().length())
            .sum();
      }

      String firstEntryAt() {
        return (require.isEmpty() ? deny : require).get(0).origin();
      }
    }
  }
}
