package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import com.networknt.schema.Error;
import com.networknt.schema.ExecutionContext;
import com.networknt.schema.OutputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.regex.RegularExpression;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a tool's {@code inputSchema} says of its arguments: JSON Schema 2020-12, or the draft that
 * it names.
 *
 * <p>A schema comes from a server, so it is bounded in size, refers to nothing outside itself (MCP
 * 2026-07-28, "Tools": no reference is fetched), matches patterns in linear time, and is given up
 * where checking a call against it takes too many steps. Immutable and thread-safe.
 */
public final class ArgumentSchema {
  /** Values that a schema may have, its own keywords included. */
  static final int MAX_VALUES = 20_000;

  /** Steps that one check may take; a hundred thousand take some tens of milliseconds. */
  static final int MAX_STEPS = 50_000;

  /** Keywords inside one another, references followed. */
  private static final int MAX_DEPTH = 300;

  private static final Set<String> REFERENCES = Set.of("$ref", "$dynamicRef", "$recursiveRef");
  private static final Set<String> DRAFTS =
      Set.of(
          "https://json-schema.org/draft/2020-12/schema",
          "https://json-schema.org/draft/2019-09/schema",
          "http://json-schema.org/draft-07/schema",
          "http://json-schema.org/draft-06/schema",
          "http://json-schema.org/draft-04/schema");

  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          builder ->
              builder
                  .schemaCacheEnabled(false)
                  .schemaRegistryConfig(
                      SchemaRegistryConfig.builder()
                          .regularExpressionFactory(ArgumentSchema::linear)
                          .formatAssertionsEnabled(false)
                          .build()));

  private final Schema schema;

  private ArgumentSchema(Schema schema) {
    this.schema = schema;
  }

  /**
   * Reads a tool's schema.
   *
   * @throws IllegalArgumentException with the reason, if it cannot be used
   */
  public static ArgumentSchema of(JsonNode inputSchema) {
    if (!inputSchema.isObject()) {
      throw new IllegalArgumentException("it is not an object");
    }
    String draft =
        inputSchema.path("$schema").asText("https://json-schema.org/draft/2020-12/schema");
    if (!DRAFTS.contains(draft.replaceFirst("#$", ""))) {
      throw new IllegalArgumentException("it is of a draft that is not known");
    }
    check(inputSchema, MAX_VALUES, 0);
    try {
      Schema schema = REGISTRY.getSchema(inputSchema);
      schema.initializeValidators();
      return new ArgumentSchema(schema);
    } catch (SchemaException | PatternSyntaxException | StackOverflowError e) {
      throw new IllegalArgumentException("it has a keyword that cannot be read", e);
    }
  }

  /** Counts down the values that are left, and refuses what leads outside. */
  private static int check(JsonNode node, int left, int depth) {
    int rest = left - 1;
    if (rest < 0 || depth > MAX_DEPTH) {
      throw new IllegalArgumentException("it is too large");
    }
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      boolean outside =
          REFERENCES.contains(member.getKey())
              && member.getValue().isTextual()
              && !member.getValue().textValue().startsWith("#");
      if (outside || depth > 0 && member.getKey().equals("$schema")) {
        throw new IllegalArgumentException("it refers to something outside itself");
      }
    }
    for (JsonNode child : node) {
      rest = check(child, rest, depth + 1);
    }
    return rest;
  }

  /** RE2's expressions, which take linear time; others have no place in a check of each call. */
  private static RegularExpression linear(String regex) {
    Pattern pattern = Pattern.compile(regex);
    return text -> pattern.matcher(text).find();
  }

  /**
   * What is wrong with arguments, for the model that sent them; empty if they fit.
   *
   * @throws IllegalArgumentException if it takes too many steps to say
   */
  public Optional<String> mismatch(JsonNode arguments) {
    Bounded context = new Bounded();
    context.executionConfig(config -> config.failFast(true).locale(Locale.ROOT));
    try {
      schema.validate(context, arguments, OutputFormat.RESULT);
      List<Error> errors = context.getErrors();
      return errors.isEmpty()
          ? Optional.empty()
          : Optional.of(errors.get(0).getInstanceLocation() + ": " + errors.get(0).getMessage());
    } catch (OutOfSteps | SchemaException e) {
      throw new IllegalArgumentException("the check takes too many steps", e);
    }
  }

  private static final class OutOfSteps extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutOfSteps() {
      super(null, null, false, false);
    }
  }

  /** Counts the keywords that are looked at, and how deep. */
  private static final class Bounded extends ExecutionContext {
    private int steps;
    private int depth;

    @Override
    public void evaluationPathAddLast(String step) {
      enter();
      super.evaluationPathAddLast(step);
    }

    @Override
    public void evaluationPathAddLast(int step) {
      enter();
      super.evaluationPathAddLast(step);
    }

    private void enter() {
      if (++steps > MAX_STEPS || ++depth > MAX_DEPTH) {
        throw new OutOfSteps();
      }
    }

    @Override
    public void evaluationPathRemoveLast() {
      depth--;
      super.evaluationPathRemoveLast();
    }
  }
}
