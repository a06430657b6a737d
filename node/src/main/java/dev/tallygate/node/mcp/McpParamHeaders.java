package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.mcp.Refusal.Kind;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The arguments that a tool wants repeated in {@code Mcp-Param-*} headers, and whether a call does
 * so: MCP 2026-07-28, "Streamable HTTP", custom headers from tool parameters (SEP-2243). Immutable.
 */
public final class McpParamHeaders {
  private static final String ANNOTATION = "x-mcp-header";
  private static final String PREFIX = "Mcp-Param-";
  private static final int MAX_SCHEMA_DEPTH = 64;

  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,128}");
  private static final Pattern DECIMAL = Pattern.compile("-?\\d{1,64}(\\.\\d{1,64})?");
  private static final Set<String> TYPES = Set.of("string", "integer", "boolean");

  /** Keywords whose value is data, in which the annotation's name means nothing. */
  private static final Set<String> DATA_KEYWORDS = Set.of("const", "default", "enum", "examples");

  /** Keywords whose value maps names to schemas. */
  private static final Set<String> NAMED_SCHEMAS =
      Set.of("properties", "patternProperties", "dependentSchemas", "$defs", "definitions");

  private record Declaration(String header, List<String> path) {}

  private final List<Declaration> declarations;

  private McpParamHeaders(List<Declaration> declarations) {
    this.declarations = List.copyOf(declarations);
  }

  /** Whether a tool wants no argument repeated. */
  public boolean isEmpty() {
    return declarations.isEmpty();
  }

  /**
   * The headers that a tool's {@code inputSchema} declares; empty if a declaration breaks the
   * specification's rules, by which clients must not use the tool.
   */
  public static Optional<McpParamHeaders> declaredBy(JsonNode inputSchema) {
    Scan scan = new Scan();
    return scan.visit(inputSchema, List.of(), true)
        ? Optional.of(new McpParamHeaders(scan.found))
        : Optional.empty();
  }

  /**
   * Checks that each declared header is there exactly if its argument is, and says the same. Other
   * {@code Mcp-Param-*} headers are ignored.
   *
   * @throws MessageRefused naming the header that is wrong
   */
  public void check(HeaderValues headers, ToolCall call) throws MessageRefused {
    for (Declaration declaration : declarations) {
      check(headers.getAll(declaration.header), declaration, call);
    }
  }

  private static void check(List<String> values, Declaration declaration, ToolCall call)
      throws MessageRefused {
    String header = declaration.header;
    JsonNode argument = call.arguments();
    for (String key : declaration.path) {
      argument = argument.path(key);
    }
    if (values.size() > 1) {
      throw refused(Kind.REPEATED_HEADER, call, header + " occurs more than once.");
    }
    if (argument.isMissingNode() || argument.isNull()) {
      if (!values.isEmpty()) {
        throw refused(
            Kind.HEADER_MISMATCH, call, header + " repeats an argument that is not there.");
      }
      return;
    }
    if (argument.isContainerNode()) {
      throw refused(
          Kind.BAD_PARAMS, call, "The argument of " + header + " must not be an object or array.");
    }
    if (values.isEmpty()) {
      throw refused(Kind.HEADER_MISMATCH, call, header + " is missing.");
    }
    Optional<String> decoded = MirroredValue.decode(MirroredValue.trim(values.get(0)));
    if (decoded.isEmpty()) {
      throw refused(Kind.HEADER_MISMATCH, call, header + " is not well-formed.");
    }
    if (!same(decoded.get(), argument)) {
      throw refused(Kind.HEADER_MISMATCH, call, header + " and its argument are different.");
    }
  }

  private static boolean same(String header, JsonNode argument) {
    if (argument.isNumber()) {
      // Numerically: 42.0 in one place and 42 in the other are equal.
      return DECIMAL.matcher(header).matches()
          && new BigDecimal(header).compareTo(argument.decimalValue()) == 0;
    }
    return header.equals(argument.asText());
  }

  private static MessageRefused refused(Kind kind, ToolCall call, String message) {
    return new MessageRefused(Refusal.of(kind, call.id(), message));
  }

  /** Walks a schema; an annotation counts only on a path of nothing but {@code properties}. */
  private static final class Scan {
    private final List<Declaration> found = new ArrayList<>();
    private final Set<String> taken = new TreeSet<>();

    /** Whether the schema, and all in it, keeps the rules. */
    boolean visit(JsonNode schema, List<String> path, boolean reachable) {
      if (path.size() > MAX_SCHEMA_DEPTH) {
        return false;
      }
      if (schema.isArray()) {
        for (JsonNode item : schema) {
          if (!visit(item, extended(path, "[]"), false)) {
            return false;
          }
        }
        return true;
      }
      if (schema.has(ANNOTATION) && !(reachable && declare(schema, path))) {
        return false;
      }
      for (Map.Entry<String, JsonNode> keyword : schema.properties()) {
        String name = keyword.getKey();
        JsonNode value = keyword.getValue();
        boolean keeps;
        if (DATA_KEYWORDS.contains(name)) {
          keeps = true;
        } else if (NAMED_SCHEMAS.contains(name) && value.isObject()) {
          keeps = visitEach(value, path, reachable && name.equals("properties"));
        } else {
          keeps = visit(value, extended(path, name), false);
        }
        if (!keeps) {
          return false;
        }
      }
      return true;
    }

    private boolean visitEach(JsonNode schemas, List<String> path, boolean reachable) {
      for (Map.Entry<String, JsonNode> named : schemas.properties()) {
        if (!visit(named.getValue(), extended(path, named.getKey()), reachable)) {
          return false;
        }
      }
      return true;
    }

    private boolean declare(JsonNode property, List<String> path) {
      String name = property.get(ANNOTATION).textValue();
      String type = property.path("type").textValue();
      boolean wellFormed =
          !path.isEmpty()
              && name != null
              && TOKEN.matcher(name).matches()
              && type != null
              && TYPES.contains(type)
              && taken.add(name.toLowerCase(Locale.ROOT));
      if (wellFormed) {
        found.add(new Declaration(PREFIX + name, path));
      }
      return wellFormed;
    }

    private static List<String> extended(List<String> path, String step) {
      List<String> longer = new ArrayList<>(path);
      longer.add(step);
      return longer;
    }
  }
}
