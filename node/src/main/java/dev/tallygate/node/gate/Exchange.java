package dev.tallygate.node.gate;

import dev.tallygate.counters.LedgerResult;
import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.mcp.Era;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Snapshot;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One HTTP request on its way through the gate: what is known of it so far. Lives on one event
 * loop.
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

  String method;
  Optional<String> subject = Optional.empty();

  // From the judgement on.
  List<Charge> charges = List.of();
  Optional<LedgerResult.Held> held = Optional.empty();
  long forwardedNanos;

  private final List<Runnable> whenGone = new ArrayList<>();
  private boolean gone;

  Exchange(HttpServerRequest request, Snapshot snapshot, String decisionId, long beganNanos) {
    this.request = request;
    this.response = request.response();
    this.snapshot = snapshot;
    this.decisionId = decisionId;
    this.beganNanos = beganNanos;
    response.closeHandler(closed -> leave());
    response.exceptionHandler(broken -> leave());
  }

  private void leave() {
    if (!gone && !response.ended()) {
      gone = true;
      whenGone.forEach(Runnable::run);
    }
  }

  /** Whether the client left before its answer was complete. */
  boolean clientGone() {
    return gone;
  }

  /** Runs {@code action} when the client leaves, now if it has left. */
  void onClientGone(Runnable action) {
    if (gone) {
      action.run();
    } else {
      whenGone.add(action);
    }
  }

  /** Breaks the answer off, so that the client cannot take it for whole. */
  void abort() {
    if (!gone && !response.ended()) {
      response.reset();
    }
  }

  Optional<AuditRecord.Caller> caller() {
    return Optional.ofNullable(grant)
        .map(g -> new AuditRecord.Caller(g.id(), g.label(), g.server()));
  }
}
