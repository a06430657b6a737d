package dev.tallygate.node.gate;

import dev.tallygate.counters.LedgerResult;
import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.mcp.ClientCapabilities;
import dev.tallygate.node.mcp.Era;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.sessions.KnownSession;
import dev.tallygate.sessions.Resumption;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

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
  Optional<KnownSession> session = Optional.empty();

  /** What comes again, on a stream that is resumed. */
  Optional<Resumption> resumption = Optional.empty();

  /** Tasks that a list may show. */
  Predicate<String> ownTasks = task -> false;

  /** Whether the client asked, in the modern era, to be told of other tools. */
  boolean subscribesToTools;

  /** What this message itself declares of its client. */
  ClientCapabilities declared = ClientCapabilities.NONE;

  String method;
  Optional<String> subject = Optional.empty();

  // From the judgement on.
  List<Charge> charges = List.of();
  Optional<LedgerResult.Held> held = Optional.empty();
  OptionalLong forwardedNanos = OptionalLong.empty();

  /** Questions of the server that the client was not asked. */
  int refusals;

  private final List<Runnable> whenGone = new ArrayList<>();
  private Runnable whenEnded = () -> {};
  private LongConsumer whenToolsChanged = revision -> {};
  private final List<Runnable> whenOver = new ArrayList<>();
  private final List<Runnable> whenSent = new ArrayList<>();
  private final List<Runnable> whenDone = new ArrayList<>();
  private boolean isDone;
  private long bodyBytes;
  private volatile boolean gone;
  private boolean aborted;

  Exchange(HttpServerRequest request, Snapshot snapshot, String decisionId, long beganNanos) {
    this.request = request;
    this.response = request.response();
    this.snapshot = snapshot;
    this.decisionId = decisionId;
    this.beganNanos = beganNanos;
    // A connection that closes under an answer fires the end handler too.
    response.endHandler(ended -> run(whenOver));
    response.closeHandler(
        closed -> {
          leave();
          run(whenOver);
          run(whenSent);
        });
    response.exceptionHandler(broken -> leave());
  }

  /** Each of them once. */
  private static void run(List<Runnable> waiting) {
    List<Runnable> actions = List.copyOf(waiting);
    waiting.clear();
    actions.forEach(Runnable::run);
  }

  /** Ends the answer, with {@code last}. */
  void finish(Buffer last) {
    response.end(last).onComplete(sent -> run(whenSent));
  }

  private void leave() {
    if (!gone && !aborted && !response.ended()) {
      gone = true;
      whenGone.forEach(Runnable::run);
    }
  }

  /** Whether the client left before its answer was complete. May be asked on any thread. */
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

  /** Runs {@code action} once, when the answer is complete or never will be. */
  void onOver(Runnable action) {
    whenOver.add(action);
  }

  /** Runs {@code action} once, when the socket has all of the answer or never will. */
  void onSent(Runnable action) {
    whenSent.add(action);
  }

  /** Runs {@code action} when nothing is done for the exchange any more, client or none. */
  void onDone(Runnable action) {
    whenDone.add(action);
  }

  void done() {
    isDone = true;
    whenDone.forEach(Runnable::run);
  }

  /** Whether it stays open for what the server may have to say. */
  boolean isStream() {
    return request.method().equals(HttpMethod.GET) || "subscriptions/listen".equals(method);
  }

  /** Runs {@code action} with the revision of a snapshot that shows the grant other tools. */
  void onToolsChanged(LongConsumer action) {
    whenToolsChanged = action;
  }

  void toolsChanged(long revision) {
    whenToolsChanged.accept(revision);
  }

  /** Runs {@code action} when the server's answer has ended, or was broken off. */
  void onEnded(Runnable action) {
    whenEnded = action;
  }

  void end() {
    whenEnded.run();
  }

  /**
   * Finds room for more of the body, until the exchange is done; false where there is none.
   *
   * @param bytes 1 or more
   */
  boolean holdBody(BodyBudget budget, long bytes) {
    if (isDone || !budget.take(bytes, bodyBytes)) {
      return false;
    }
    if (bodyBytes == 0) {
      onDone(() -> budget.giveBack(bodyBytes));
    }
    bodyBytes += bytes;
    return true;
  }

  /** Whether something can still be written to the client. */
  boolean canAnswer() {
    return !gone && !aborted && !response.ended();
  }

  /** Breaks the answer off, so that the client cannot take it for whole. */
  void abort() {
    if (canAnswer()) {
      aborted = true;
      response.reset();
    }
  }

  /** Whether the server may have got it. */
  boolean wasForwarded() {
    return forwardedNanos.isPresent();
  }

  Optional<AuditRecord.Caller> caller() {
    return Optional.ofNullable(grant)
        .map(g -> new AuditRecord.Caller(g.id(), g.label(), g.server()));
  }
}
