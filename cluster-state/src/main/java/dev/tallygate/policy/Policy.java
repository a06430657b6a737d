package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.policy.Denial.Reason;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A compiled policy. Immutable and thread-safe; every method is a pure function. */
public final class Policy {
  private static final Decision.Deny HIDDEN =
      new Decision.Deny(new Denial(Reason.HIDDEN, "(hidden)", Optional.empty(), "unknown tool"));
  private static final Decision.Deny DEFAULT_DENY =
      new Decision.Deny(
          new Denial(
              Reason.DEFAULT_DENY,
              "(default deny)",
              Optional.empty(),
              "the policy allows only the tools that it lists, and this is not one of them"));
  private static final Decision.Deny NO_OBJECT =
      new Decision.Deny(
          new Denial(
              Reason.REQUIRE, "(arguments)", Optional.empty(), "the arguments must be an object"));

  private final boolean allowsUnlisted;
  private final boolean hidesAll;
  private final Set<String> hidden;
  private final boolean listsAll;
  private final Map<String, ToolRule> tools;
  private final ChargePlan unlisted;
  private final boolean unlistedReachable;
  private final Set<String> namedTools;

  Policy(
      boolean allowsUnlisted,
      boolean hidesAll,
      Set<String> hidden,
      boolean listsAll,
      Map<String, ToolRule> tools,
      ChargePlan unlisted,
      boolean unlistedReachable) {
    this.allowsUnlisted = allowsUnlisted;
    this.hidesAll = hidesAll;
    this.hidden = Set.copyOf(hidden);
    this.listsAll = listsAll;
    this.tools = Map.copyOf(tools);
    this.unlisted = unlisted;
    this.unlistedReachable = unlistedReachable;
    Set<String> named = new HashSet<>(hidden);
    named.addAll(tools.keySet());
    this.namedTools = Set.copyOf(named);
  }

  /** Reads, validates and compiles a document, UTF-8 JSON. Never throws for what it says. */
  public static PolicyReading read(byte[] utf8) {
    try {
      return read(StrictJson.readDocument(utf8, JsonBounds.DOCUMENT));
    } catch (JsonRefused e) {
      return new PolicyReading(
          Optional.empty(),
          List.of(new Finding(Finding.Severity.ERROR, e.pointer(), e.position(), e.getMessage())));
    }
  }

  /** Validates and compiles a document that was read already. Never throws for what it says. */
  public static PolicyReading read(JsonDocument document) {
    return new PolicyReader(document).read();
  }

  /**
   * Judges one call.
   *
   * @param tool the name, byte for byte as called
   * @param arguments the call's arguments object, empty where the call has none
   */
  public Decision decide(String tool, JsonNode arguments) {
    if (hidesAll || hidden.contains(tool)) {
      return HIDDEN;
    }
    ToolRule rule = tools.get(tool);
    if (rule == null) {
      // A name that no policy can be written for is never reached by default.
      if (!ToolNames.isWellFormed(tool)) {
        return HIDDEN;
      }
      if (!allowsUnlisted) {
        return DEFAULT_DENY;
      }
    }
    JsonNode given =
        arguments == null || arguments.isMissingNode()
            ? JsonNodeFactory.instance.objectNode()
            : arguments;
    if (!given.isObject()) {
      return NO_OBJECT;
    }
    return rule == null ? unlisted.charge(given) : rule.decide(given);
  }

  /** Whether {@code tools/list} shows the tool. One that it does not show answers as unknown. */
  public boolean lists(String tool) {
    if (hidesAll || hidden.contains(tool)) {
      return false;
    }
    ToolRule rule = tools.get(tool);
    if (rule == null && !ToolNames.isWellFormed(tool)) {
      return false;
    }
    if (listsAll) {
      return true;
    }
    return rule == null ? allowsUnlisted && unlistedReachable : rule.reachable();
  }

  /** The tools that the document names, hidden ones included. */
  public Set<String> namedTools() {
    return namedTools;
  }
}
