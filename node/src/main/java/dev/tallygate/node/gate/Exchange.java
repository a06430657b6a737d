package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.counters.LedgerResult;
import dev.tallygate.node.mcp.Era;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Snapshot;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Optional;

/**
 * One HTTP request on its way through the gate: what is known of it so far. Lives on one event loop.
 */
final class Exchange {
  final HttpServerRequest request;
  final HttpServerResponse response;

  /** What the request is judged by, from start to end. */
  final Snapshot snapshot;

  /** Names the decision in the answer, in the audit log and in the upstream's log. */
  final String decisionId;

  final long beganNanos;

  // From the door.
  String serverName;
  Grant grant;
  Server server;
  Optional<Policy> policy = Optional.empty();

  // From reading the body.
  Buffer body = Buffer.buffer();
  McpMessage message;
  Era era;
  Optional<Session> session = Optional.empty();

  // From the judgement on.
  String method;
  Optional<String> subject = Optional.empty();
  Optional<LedgerResult.Held> held = Optional.empty();
  long forwardedNanos;
  boolean clientGone;

  Exchange(HttpServerRequest request, Snapshot snapshot, String decisionId, long beganNanos) {
    this.request = request;
    this.response = request.response();
    this.snapshot = snapshot;
    this.decisionId = decisionId;
    this.beganNanos = beganNanos;
  }

  Optional<AuditRecord.Caller> caller() {
    return Optional.ofNullable(grant)
        .map(g -> new AuditRecord.Caller(g.id(), g.label(), g.server()));
  }
}
