package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a client declared that it can be asked: in {@code initialize}, or in the modern era in the
 * {@code _meta} of each request.
 *
 * @param sampling {@code sampling/createMessage}
 * @param samplingTools the same with tools
 * @param forms {@code elicitation/create} of data
 * @param urls {@code elicitation/create} in URL mode
 * @param roots {@code roots/list}
 * @param tasks requests as tasks, and questions after them
 * @param tasksExtension tasks of the modern era
 */
public record ClientCapabilities(
    boolean sampling,
    boolean samplingTools,
    boolean forms,
    boolean urls,
    boolean roots,
    boolean tasks,
    boolean tasksExtension) {
  static final String TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

  public static final ClientCapabilities NONE =
      new ClientCapabilities(false, false, false, false, false, false, false);

  /** What was declared, by the names of this record's components. */
  public Set<String> names() {
    return Map.of(
            "sampling", sampling,
            "samplingTools", samplingTools,
            "forms", forms,
            "urls", urls,
            "roots", roots,
            "tasks", tasks,
            "tasksExtension", tasksExtension)
        .entrySet()
        .stream()
        .filter(Map.Entry::getValue)
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  /** What was declared by these {@link #names}; those that are not known declare nothing. */
  public static ClientCapabilities of(Set<String> names) {
    return new ClientCapabilities(
        names.contains("sampling"),
        names.contains("samplingTools"),
        names.contains("forms"),
        names.contains("urls"),
        names.contains("roots"),
        names.contains("tasks"),
        names.contains("tasksExtension"));
  }

  /** What the message itself declares; nothing where it declares nothing. */
  public static ClientCapabilities declaredIn(McpMessage message) {
    if (!(message instanceof Invocation invocation)) {
      return NONE;
    }
    JsonNode declared =
        invocation.method().equals(Methods.INITIALIZE)
            ? invocation.params().path("capabilities")
            : invocation.params().path("_meta").path(Meta.CLIENT_CAPABILITIES);
    JsonNode elicitation = declared.path("elicitation");
    boolean urls = elicitation.path("url").isObject();
    return new ClientCapabilities(
        declared.path("sampling").isObject(),
        declared.at("/sampling/tools").isObject(),
        elicitation.isObject() && (elicitation.path("form").isObject() || !urls),
        urls,
        declared.path("roots").isObject(),
        declared.path("tasks").isObject(),
        declared.path("extensions").path(TASKS_EXTENSION).isObject());
  }
}
