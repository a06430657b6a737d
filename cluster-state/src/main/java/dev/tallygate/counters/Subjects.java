package dev.tallygate.counters;

import dev.tallygate.policy.Scope;
import java.util.Objects;
import java.util.Optional;

/**
 * Who a call counts for, in each scope.
 *
 * @param grant the grant's id
 * @param session the MCP session's id, where the client has one
 * @param server the server's name
 */
public record Subjects(String grant, Optional<String> session, String server) {
  public Subjects {
    Objects.requireNonNull(grant, "grant");
    Objects.requireNonNull(session, "session");
    Objects.requireNonNull(server, "server");
  }

  /** The scope that a call really counts in: by grant where it has no session. */
  Scope effective(Scope scope) {
    return scope == Scope.SESSION && session.isEmpty() ? Scope.GRANT : scope;
  }

  /** The subject that shares a counter of that scope. */
  String in(Scope scope) {
    return switch (effective(scope)) {
      case GRANT -> grant;
      case SESSION -> session.orElseThrow();
      case SERVER -> server;
      case CLUSTER -> "";
    };
  }
}
