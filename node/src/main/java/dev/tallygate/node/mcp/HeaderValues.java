package dev.tallygate.node.mcp;

import java.util.List;

/**
 * The headers of one HTTP request, such as {@code request.headers()::getAll}. Values are text
 * decoded as Latin-1, one entry for each time the header occurs.
 */
@FunctionalInterface
public interface HeaderValues {
  /** The values of a header in their order; the name's case does not matter. */
  List<String> getAll(String name);
}
