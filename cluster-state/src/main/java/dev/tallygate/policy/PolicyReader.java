package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.policy.Denial.Reason;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Validates and compiles one document. Every error is found, not only the first. */
final class PolicyReader {
  static final int MAX_TOOLS = 2_000;
  static final int MAX_ENTRIES = 200;
  static final int MAX_CONDITIONS = 50;
  static final int MAX_LIMITS = 32;
  static final int MAX_REGEXES = 1_000;
  static final long MAX_REGEX_STATES = 200_000;
  static final int MAX_NAME = 200;
  static final int MAX_MESSAGE = 1_000;
  static final int MAX_DESCRIPTION = 4_000;
  static final int MAX_COUNTER = 200;
  static final long MAX_WINDOW_SECONDS = 366L * 24 * 60 * 60;

  private static final String NO_APPROVALS = "approvals are not available yet in this version";

  private static final List<String> DOCUMENT_FIELDS =
      List.of("version", "default", "hide", "list", "all_tools", "tools", "description", "$schema");
  private static final List<String> ALL_TOOLS_FIELDS = List.of("limits");
  private static final List<String> RULE_FIELDS =
      List.of("action", "reason", "require", "deny_if", "limits", "rate_limit");
  private static final List<String> ENTRY_FIELDS =
      List.of("name", "conditions", "on_missing", "on_deny");
  private static final List<String> CONDITION_FIELDS = List.of("path", "op", "value");
  private static final List<String> LIMIT_FIELDS =
      List.of(
          "name",
          "counter",
          "window",
          "max",
          "scope",
          "increment",
          "increment_from",
          "algorithm",
          "refund",
          "on_store_loss",
          "on_deny");
  private static final List<String> RATE_LIMIT_FIELDS = List.of("max", "window");
  private static final List<String> OPERATORS =
      List.of(Operator.values()).stream().map(Operator::written).toList();
  private static final Map<String, Long> WINDOWS =
      Map.of("second", 1L, "minute", 60L, "hour", 3_600L, "day", 86_400L);
  private static final Pattern RATE = Pattern.compile("([0-9]{1,15})/(second|minute|hour|day)");

  private final JsonDocument document;
  private final DocumentCheck check;
  private int regexes;
  private long regexStates;

  PolicyReader(JsonDocument document) {
    this.document = document;
    this.check = new DocumentCheck(document);
  }

  PolicyReading read() {
    Policy policy = document(document.root());
    return new PolicyReading(
        check.hasErrors() ? Optional.empty() : Optional.of(policy), check.findings());
  }

  /** The policy; of no use where there are errors. */
  private Policy document(JsonNode root) {
    if (!check.object(root, "", "a policy", DOCUMENT_FIELDS)) {
      return null;
    }
    version(root);
    if (!root.has("default")) {
      check.error(
          "",
          "\"default\" is missing: add \"default\": \"deny\" (or \"allow\") for unlisted tools");
    }
    boolean allowsUnlisted =
        check.word(root, "", "default", List.of("deny", "allow")).equals("allow");
    boolean listsAll = check.word(root, "", "list", List.of("all", "permitted")).equals("all");
    check.text(root, "", "description", MAX_DESCRIPTION);
    check.text(root, "", "$schema", MAX_MESSAGE);
    Set<String> hidden = hidden(root);
    boolean hidesAll = hidden.remove("*");

    List<Limit> allTools = allToolsLimits(root);
    Map<String, List<Limit>> limitsByTool = new LinkedHashMap<>();
    Map<String, ToolRule> tools = new LinkedHashMap<>();
    JsonNode rules = root.path("tools");
    if (!rules.isMissingNode() && !rules.isObject()) {
      check.error("/tools", "\"tools\" must be an object from tool name to rule, as in {}");
    } else if (rules.size() > MAX_TOOLS) {
      check.error("/tools", "\"tools\" has over " + MAX_TOOLS + " tools");
    } else {
      for (Map.Entry<String, JsonNode> tool : rules.properties()) {
        String name = tool.getKey();
        String at = JsonPointers.child("/tools", name);
        toolName(name, at);
        if (hidesAll || hidden.contains(name)) {
          check.warn(at, "this rule is never asked: \"hide\" denies the tool before it");
        }
        List<Limit> own = new ArrayList<>();
        ToolRule rule = rule(name, tool.getValue(), at, allTools, own);
        if (rule != null) {
          tools.put(name, rule);
        }
        limitsByTool.put(name, own);
      }
    }
    new LimitLint(check).run(allTools, limitsByTool);
    return new Policy(
        allowsUnlisted,
        hidesAll,
        hidden,
        listsAll,
        tools,
        new ChargePlan(allTools),
        allTools.stream().noneMatch(Limit::admitsNothing));
  }

  private void version(JsonNode root) {
    JsonNode version = root.get("version");
    if (version == null) {
      check.error("", "\"version\" is missing: add \"version\": \"1\"");
    } else if (!version.isTextual() || !version.textValue().equals("1")) {
      check.error("/version", "\"version\" must be \"1\", in quotes");
    }
  }

  private Set<String> hidden(JsonNode root) {
    Set<String> hidden = new HashSet<>();
    List<JsonNode> names = check.list(root, "", "hide", MAX_TOOLS);
    for (int i = 0; i < names.size(); i++) {
      String at = JsonPointers.child("/hide", i);
      if (!names.get(i).isTextual()) {
        check.error(at, "a tool name is a text in quotes");
        continue;
      }
      String name = names.get(i).textValue();
      if (!name.equals("*")) {
        toolName(name, at);
      }
      if (!hidden.add(name)) {
        check.warn(at, "the name is in \"hide\" already");
      }
    }
    return hidden;
  }

  private void toolName(String name, String at) {
    if (name.equals("*")) {
      check.error(
          at,
          "\"*\" is no tool: write limits for every tool under \"all_tools\", or use \"default\"");
    } else if (!ToolNames.isWellFormed(name)) {
      check.error(
          at,
          "a tool name has 1 to "
              + ToolNames.MAX_LENGTH
              + " characters of A-Z, a-z, 0-9, \"_\", \"-\" and \".\"");
    }
  }

  private List<Limit> allToolsLimits(JsonNode root) {
    JsonNode all = root.get("all_tools");
    if (all == null || !check.object(all, "/all_tools", "\"all_tools\"", ALL_TOOLS_FIELDS)) {
      return List.of();
    }
    List<Limit> limits = limits(all, "/all_tools");
    for (Limit limit : limits) {
      if (limit.incrementFrom().isPresent()) {
        check.warn(
            limit.rule(),
            "a call of any tool without "
                + limit.incrementFrom().get()
                + " is denied by this limit");
      }
    }
    return limits;
  }

  private ToolRule rule(
      String tool, JsonNode rule, String at, List<Limit> allTools, List<Limit> own) {
    if (!check.object(rule, at, "the rule of a tool", RULE_FIELDS)) {
      return null;
    }
    String action = check.word(rule, at, "action", List.of("allow", "deny", "require_approval"));
    Optional<String> reason = check.text(rule, at, "reason", MAX_MESSAGE);
    if (reason.isPresent() && action.equals("allow")) {
      check.warn(
          JsonPointers.child(at, "reason"),
          "the reason is never shown: it goes with \"action\": \"deny\" or \"require_approval\"");
    }
    List<Entry> require = entries(rule, at, "require", true);
    List<Entry> denyIf = entries(rule, at, "deny_if", false);
    own.addAll(limits(rule, at));
    rateLimit(tool, rule, at).ifPresent(own::add);
    boolean denies = action.equals("deny");
    boolean approves = action.equals("require_approval");
    if (denies && rule.size() > (reason.isPresent() ? 2 : 1)) {
      check.warn(at, "\"action\": \"deny\" denies every call; the rest of the rule is never asked");
    }
    if (approves) {
      check.warn(
          JsonPointers.child(at, "action"), NO_APPROVALS + ": every call of this tool is denied");
    }
    List<Limit> charged = new ArrayList<>(own);
    charged.addAll(allTools);
    String actionRule = JsonPointers.child(at, "action");
    return new ToolRule(
        denies
            ? Optional.of(
                denial(
                    Reason.ACTION,
                    actionRule,
                    reason.orElse("the policy denies every call of this tool")))
            : Optional.empty(),
        require,
        denyIf,
        approves
            ? Optional.of(
                denial(
                    Reason.APPROVAL,
                    actionRule,
                    reason
                        .map(r -> r + " (" + NO_APPROVALS + ")")
                        .orElse("this tool needs an approval, and " + NO_APPROVALS)))
            : Optional.empty(),
        new ChargePlan(charged),
        !denies && !approves && isReachable(require, denyIf, charged));
  }

  private static Decision.Deny denial(Reason reason, String rule, String message) {
    return new Decision.Deny(new Denial(reason, rule, Optional.empty(), message));
  }

  private static boolean isReachable(List<Entry> require, List<Entry> denyIf, List<Limit> limits) {
    List<Condition> required = require.stream().flatMap(e -> e.conditions().stream()).toList();
    return Satisfiability.contradiction(required).isEmpty()
        && denyIf.stream().noneMatch(e -> e.conditions().isEmpty())
        && limits.stream().noneMatch(Limit::admitsNothing);
  }

  private List<Entry> entries(JsonNode rule, String ruleAt, String field, boolean requiring) {
    List<Entry> entries = new ArrayList<>();
    List<JsonNode> written = check.list(rule, ruleAt, field, MAX_ENTRIES);
    for (int i = 0; i < written.size(); i++) {
      String at = JsonPointers.child(JsonPointers.child(ruleAt, field), i);
      JsonNode entry = written.get(i);
      if (!check.object(entry, at, "an entry of \"" + field + "\"", ENTRY_FIELDS)) {
        continue;
      }
      if (!entry.has("conditions")) {
        check.error(at, "\"conditions\" is missing: add a list; an empty one, [], always matches");
      }
      List<Condition> conditions = conditions(entry, at, requiring);
      boolean deniesMissing = entry.has("on_missing");
      check.word(entry, at, "on_missing", List.of("deny"));
      Satisfiability.contradiction(conditions)
          .ifPresent(
              why ->
                  check.warn(
                      at,
                      (requiring
                              ? "no call can satisfy this entry, so the tool is always denied: "
                              : "this entry can never match: ")
                          + why));
      entries.add(
          new Entry(
              at,
              check.text(entry, at, "name", MAX_NAME),
              conditions,
              requiring,
              deniesMissing,
              check.text(entry, at, "on_deny", MAX_MESSAGE)));
    }
    return entries;
  }

  private List<Condition> conditions(JsonNode entry, String entryAt, boolean requiring) {
    List<Condition> conditions = new ArrayList<>();
    List<JsonNode> written = check.list(entry, entryAt, "conditions", MAX_CONDITIONS);
    for (int i = 0; i < written.size(); i++) {
      String at = JsonPointers.child(JsonPointers.child(entryAt, "conditions"), i);
      condition(written.get(i), at, requiring).ifPresent(conditions::add);
    }
    return conditions;
  }

  private Optional<Condition> condition(JsonNode condition, String at, boolean requiring) {
    if (!check.object(condition, at, "a condition", CONDITION_FIELDS)) {
      return Optional.empty();
    }
    Optional<ArgumentPath> path = path(condition, at, "path");
    Optional<Operator> operator = operator(condition, at);
    if (!condition.has("path")) {
      check.error(at, "\"path\" is missing: name an argument, as in \"args.amount\"");
    }
    if (!condition.has("value")) {
      check.error(at, "\"value\" is missing: what the operator compares with");
      return Optional.empty();
    }
    if (operator.isEmpty()) {
      return Optional.empty();
    }
    String valueAt = JsonPointers.child(at, "value");
    if (operator.get() == Operator.REGEX && ++regexes > MAX_REGEXES) {
      check.error(valueAt, "the policy has more than " + MAX_REGEXES + " regexes");
      return Optional.empty();
    }
    JsonNode value = condition.get("value");
    if (operator.get() == Operator.REGEX && value.isTextual()) {
      long states = RegexSize.of(value.textValue());
      regexStates += states <= Operator.MAX_REGEX_STATES ? states : 0;
      if (regexStates > MAX_REGEX_STATES) {
        check.error(
            valueAt, "the regexes of the policy come to more than " + MAX_REGEX_STATES + " states");
        return Optional.empty();
      }
    }
    try {
      if (path.isEmpty()) {
        operator.get().compile(value);
        return Optional.empty();
      }
      Condition compiled = new Condition(path.get(), operator.get(), value, requiring);
      if (requiring && operator.get() == Operator.REGEX && !Anchors.atStart(value.textValue())) {
        check.warn(
            valueAt,
            "the regex finds its match anywhere in the text; begin it with \"^\" (and end it with"
                + " \"$\") to require the whole");
      }
      return Optional.of(compiled);
    } catch (MalformedValue e) {
      check.error(valueAt, e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<Operator> operator(JsonNode condition, String at) {
    JsonNode written = condition.get("op");
    if (written == null) {
      check.error(at, "\"op\" is missing: one of " + String.join(", ", OPERATORS));
      return Optional.empty();
    }
    String opAt = JsonPointers.child(at, "op");
    if (!written.isTextual()) {
      check.error(opAt, "\"op\" must be one of " + String.join(", ", OPERATORS));
      return Optional.empty();
    }
    Optional<Operator> operator = Operator.of(written.textValue());
    if (operator.isEmpty()) {
      check.error(opAt, DocumentCheck.unknown("operator", written.textValue(), OPERATORS));
    }
    return operator;
  }

  private Optional<ArgumentPath> path(JsonNode parent, String at, String field) {
    JsonNode written = parent.get(field);
    if (written == null) {
      return Optional.empty();
    }
    String pathAt = JsonPointers.child(at, field);
    if (!written.isTextual()) {
      check.error(pathAt, "\"" + field + "\" must be a text, as in \"args.amount\"");
      return Optional.empty();
    }
    try {
      return Optional.of(ArgumentPath.parse(written.textValue()));
    } catch (MalformedValue e) {
      check.error(pathAt, e.getMessage());
      return Optional.empty();
    }
  }

  private List<Limit> limits(JsonNode parent, String parentAt) {
    List<Limit> limits = new ArrayList<>();
    List<JsonNode> written = check.list(parent, parentAt, "limits", MAX_LIMITS);
    for (int i = 0; i < written.size(); i++) {
      String at = JsonPointers.child(JsonPointers.child(parentAt, "limits"), i);
      limit(written.get(i), at).ifPresent(limits::add);
    }
    return limits;
  }

  private Optional<Limit> limit(JsonNode limit, String at) {
    if (!check.object(limit, at, "a limit", LIMIT_FIELDS)) {
      return Optional.empty();
    }
    if (!limit.has("counter")) {
      check.error(at, "\"counter\" is missing: name what is counted, as in \"charges\"");
    }
    check.text(limit, at, "name", MAX_NAME);
    Optional<String> counter = check.text(limit, at, "counter", MAX_COUNTER);
    if (counter.isPresent() && counter.get().codePoints().anyMatch(Character::isISOControl)) {
      check.error(
          JsonPointers.child(at, "counter"), "a counter's name holds no control characters");
    }
    Optional<Long> window = window(limit, at);
    Optional<BigDecimal> max = max(limit, at);
    Scope scope = check.word(limit, at, "scope", Scope.GRANT, List.of(Scope.values()));
    if (scope == Scope.SESSION) {
      check.warn(
          JsonPointers.child(at, "scope"),
          "where a client has no MCP session, this limit counts by grant; a new session starts a"
              + " new count, so keep a limit of scope \"grant\" beside it");
    }
    if (limit.has("increment") && limit.has("increment_from")) {
      check.error(
          JsonPointers.child(at, "increment"),
          "\"increment\" and \"increment_from\" exclude each other; remove one of the two");
    }
    BigDecimal increment = check.cost(limit, at, "increment").orElse(BigDecimal.ONE);
    Optional<ArgumentPath> incrementFrom = path(limit, at, "increment_from");
    if (incrementFrom.isPresent() && incrementFrom.get().hasWildcard()) {
      check.error(
          JsonPointers.child(at, "increment_from"),
          "a cost is one number: \"*\" cannot be used here");
    }
    Algorithm algorithm =
        check.word(limit, at, "algorithm", Algorithm.FIXED, List.of(Algorithm.values()));
    Refund refund = check.word(limit, at, "refund", Refund.NOT_RUN, List.of(Refund.values()));
    OnStoreLoss onStoreLoss =
        check.word(limit, at, "on_store_loss", OnStoreLoss.DENY, List.of(OnStoreLoss.values()));
    Optional<String> onDeny = check.text(limit, at, "on_deny", MAX_MESSAGE);
    if (counter.isEmpty() || window.isEmpty() || max.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Limit(
            scope,
            counter.get(),
            window.get(),
            algorithm,
            increment,
            incrementFrom,
            max.get(),
            refund,
            onStoreLoss,
            at,
            onDeny));
  }

  private Optional<BigDecimal> max(JsonNode limit, String at) {
    if (!limit.has("max")) {
      check.error(at, "\"max\" is missing: the most that a window admits");
    }
    return check.cost(limit, at, "max");
  }

  private Optional<Long> window(JsonNode limit, String at) {
    JsonNode window = limit.get("window");
    if (window == null) {
      check.error(
          at, "\"window\" is missing: \"second\", \"minute\", \"hour\", \"day\" or seconds");
      return Optional.empty();
    }
    if (window.isTextual() && WINDOWS.containsKey(window.textValue())) {
      return Optional.of(WINDOWS.get(window.textValue()));
    }
    if (window.isNumber()) {
      BigDecimal seconds = window.decimalValue();
      if (seconds.stripTrailingZeros().scale() <= 0
          && seconds.signum() > 0
          && seconds.compareTo(BigDecimal.valueOf(MAX_WINDOW_SECONDS)) <= 0) {
        return Optional.of(seconds.longValueExact());
      }
    }
    check.error(
        JsonPointers.child(at, "window"),
        "\"window\" must be \"second\", \"minute\", \"hour\", \"day\" or a whole number of seconds"
            + " from 1 to "
            + MAX_WINDOW_SECONDS);
    return Optional.empty();
  }

  private Optional<Limit> rateLimit(String tool, JsonNode rule, String ruleAt) {
    JsonNode rate = rule.get("rate_limit");
    if (rate == null) {
      return Optional.empty();
    }
    String at = JsonPointers.child(ruleAt, "rate_limit");
    Optional<BigDecimal> max = Optional.empty();
    Optional<Long> window = Optional.empty();
    if (rate.isTextual()) {
      Matcher matcher = RATE.matcher(rate.textValue());
      if (matcher.matches()) {
        max = Optional.of(new BigDecimal(matcher.group(1)));
        window = Optional.of(WINDOWS.get(matcher.group(2)));
      } else {
        check.error(
            at, "a rate is written as \"10/minute\"; windows are second, minute, hour and day");
      }
    } else if (!rate.isObject()) {
      check.error(
          at,
          "\"rate_limit\" must be {\"max\": 10, \"window\": 60} or a text such as \"10/minute\"");
    } else if (check.object(rate, at, "\"rate_limit\"", RATE_LIMIT_FIELDS)) {
      max = max(rate, at);
      window = window(rate, at);
    }
    if (max.isEmpty() || window.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Limit(
            Scope.GRANT,
            tool + "_rate",
            window.get(),
            Algorithm.FIXED,
            BigDecimal.ONE,
            Optional.empty(),
            max.get(),
            Refund.NOT_RUN,
            OnStoreLoss.DENY,
            at,
            Optional.empty()));
  }
}
