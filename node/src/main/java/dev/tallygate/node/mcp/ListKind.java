package dev.tallygate.node.mcp;

import java.util.Optional;
import java.util.Set;

/** The lists of MCP whose items a caller may or may not see. */
public enum ListKind {
  TOOLS("tools/list", "tools", "name", true),
  PROMPTS("prompts/list", "prompts", "name", true),
  RESOURCES("resources/list", "resources", "uri", false),
  RESOURCE_TEMPLATES("resources/templates/list", "resourceTemplates", "uriTemplate", false),
  TASKS("tasks/list", "tasks", "taskId", true);

  private final String method;
  final String arrayKey;
  final String nameKey;

  /** Whether a name may occur once only. */
  final boolean unique;

  final KeyFolding itemKeys;

  ListKind(String method, String arrayKey, String nameKey, boolean unique) {
    this.method = method;
    this.arrayKey = arrayKey;
    this.nameKey = nameKey;
    this.unique = unique;
    this.itemKeys = new KeyFolding(Set.of(nameKey));
  }

  /** The method that asks for the list. */
  public String method() {
    return method;
  }

  /** The list that a method asks for. */
  public static Optional<ListKind> ofMethod(String method) {
    for (ListKind kind : values()) {
      if (kind.method.equals(method)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
