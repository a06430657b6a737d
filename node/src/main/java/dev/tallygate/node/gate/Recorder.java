package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.counters.Ledger;
import dev.tallygate.counters.Outcome;
import dev.tallygate.counters.Reservation;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.audit.AuditRecord.Caller;
import dev.tallygate.node.audit.CanonicalArguments;
import dev.tallygate.node.gate.Stopped.Denied;
import dev.tallygate.node.gate.Stopped.Rejected;
import dev.tallygate.node.mcp.McpMessage;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts on record what was decided and how it ended, and settles what was reserved. */
final class Recorder {
  private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);

  private final GateServices services;
  private final Ledger ledger;
  private final Context context;
  private final LargeMessages large;

  /**
   * @param context the event loop that the gate runs on
   */
  Recorder(GateServices services, Ledger ledger, Context context, LargeMessages large) {
    this.services = services;
    this.ledger = ledger;
    this.context = context;
    this.large = large;
  }

  /** Counts a request that came in, until its answer is complete. */
  void began(Exchange x) {
    services.metrics().requestBegan();
    x.onOver(() -> services.metrics().requestEnded());
  }

  /** Puts on record that something came which is not HTTP. */
  void malformed(Exchange x) {
    Rejected rejected = Rejected.http(400, "http", "not an HTTP request in order");
    services.metrics().rejection(rejected.kind());
    services.unknownCallers().append(rejection(x, rejected));
  }

  /** Puts an allowed message on record before it goes anywhere; one that cannot be is denied. */
  Future<Exchange> allowed(Exchange x) {
    return decision(x, AuditRecord.Outcome.ALLOWED, Optional.empty())
        .compose(record -> onLoop(services.audit().append(record)))
        .map(recorded -> countAllowed(x))
        .recover(
            lost -> {
              services.metrics().auditFailed();
              LOG.error(
                  "A call was denied because it could not be recorded: {}", lost.getMessage());
              return Future.failedFuture(Judge.unrecorded(x));
            });
  }

  private Exchange countAllowed(Exchange x) {
    if (toolCall(x)) {
      services.metrics().decision(x.serverName, x.subject.orElse(""), true, "allowed");
    }
    return x;
  }

  /**
   * Gives back what was reserved, and puts on record why a request went no further. Completes,
   * whatever becomes of the record.
   */
  Future<Void> stopped(Exchange x, Stopped stopped) {
    Future<AuditRecord> record;
    if (stopped instanceof Denied denied) {
      if (toolCall(x)) {
        boolean known = services.catalog(x.server).knows(x.subject.orElse(""));
        services.metrics().decision(x.serverName, x.subject.orElse(""), known, denied.outcome());
      }
      record = decision(x, AuditRecord.Outcome.DENIED, Optional.of(denied));
    } else {
      Rejected rejected = (Rejected) stopped;
      services.metrics().rejection(rejected.kind());
      record = Future.succeededFuture(rejection(x, rejected));
    }
    return (x.wasForwarded() ? Future.succeededFuture() : settle(x, Outcome.NOT_RUN))
        .compose(given -> record)
        .compose(made -> onLoop(append(made)))
        .recover(
            lost -> {
              services.metrics().auditFailed();
              LOG.error("A refusal could not be recorded: {}", lost.getMessage());
              return Future.succeededFuture();
            });
  }

  private CompletionStage<Void> append(AuditRecord record) {
    return record instanceof AuditRecord.Rejection rejection && rejection.caller().isEmpty()
        ? services.unknownCallers().append(rejection)
        : services.audit().append(record);
  }

  /** Settles what a forwarded message had reserved, and puts on record how it ended. */
  Future<Exchange> ended(Exchange x, Ending ending) {
    long now = System.nanoTime();
    long took = now - x.forwardedNanos.orElseThrow();
    Outcome outcome =
        !ending.ran()
            ? Outcome.NOT_RUN
            : switch (ending.end()) {
              case OK -> Outcome.OK;
              case ERROR, REFUSED -> Outcome.ERROR;
              default -> Outcome.UNKNOWN;
            };
    services
        .metrics()
        .completion(
            x.serverName,
            ending.end().name().toLowerCase(Locale.ROOT),
            took / 1e9,
            (now - x.beganNanos) / 1e9);
    return settle(x, outcome)
        .compose(
            refunded ->
                onLoop(
                    services
                        .audit()
                        .append(
                            new AuditRecord.Completion(
                                services.clock().instant(),
                                x.decisionId,
                                x.caller().orElseThrow(),
                                x.method,
                                x.subject,
                                ending.end(),
                                ending.status(),
                                Duration.ofNanos(took),
                                refunded))))
        .recover(
            lost -> {
              services.metrics().auditFailed();
              LOG.error("How a call ended could not be recorded: {}", lost.getMessage());
              return Future.succeededFuture();
            })
        .map(x);
  }

  /** Ends what a call had reserved; gives the names of the counters that were given back. */
  private Future<List<String>> settle(Exchange x, Outcome outcome) {
    if (x.held.isEmpty()) {
      return Future.succeededFuture(List.of());
    }
    CompletionStage<List<String>> settled = ledger.settle(x.held.get(), outcome);
    // Where nothing can be given back, there is nothing to wait for.
    return outcome.mayRefund() ? onLoop(settled) : Future.succeededFuture(List.of());
  }

  private Future<AuditRecord> decision(
      Exchange x, AuditRecord.Outcome outcome, Optional<Denied> denied) {
    return large.work(x.body.length(), () -> decisionNow(x, outcome, denied));
  }

  private AuditRecord decisionNow(
      Exchange x, AuditRecord.Outcome outcome, Optional<Denied> denied) {
    Optional<ObjectNode> arguments =
        x.message instanceof McpMessage.Invocation invocation
                && invocation.params().get("arguments") instanceof ObjectNode object
            ? Optional.of(object)
            : Optional.empty();
    return new AuditRecord.Decision(
        services.clock().instant(),
        x.decisionId,
        x.snapshot.revision(),
        x.caller().orElseThrow(),
        x.method,
        x.subject,
        outcome,
        denied.map(Denied::rule),
        denied.map(Denied::getMessage),
        denied.isPresent() ? List.of() : charged(x),
        arguments.map(CanonicalJson::sortedKeys).orElse(List.of()),
        arguments.map(object -> services.audit().digest(CanonicalArguments.bytes(object))));
  }

  private static List<AuditRecord.Charged> charged(Exchange x) {
    if (x.held.isEmpty()) {
      return List.of();
    }
    List<AuditRecord.Charged> charged = new ArrayList<>();
    x.held.get().shared().ifPresent(held -> addAll(held, false, charged));
    x.held.get().local().ifPresent(held -> addAll(held, true, charged));
    return charged;
  }

  private static void addAll(
      Reservation reservation, boolean alone, List<AuditRecord.Charged> charged) {
    for (Reservation.Hold hold : reservation.holds()) {
      charged.add(
          new AuditRecord.Charged(
              hold.key().scope().name().toLowerCase(Locale.ROOT),
              hold.key().counter(),
              hold.amount(),
              Instant.ofEpochMilli(hold.windowEndMillis()),
              alone));
    }
  }

  private AuditRecord.Rejection rejection(Exchange x, Rejected rejected) {
    Optional<Caller> caller = x.caller();
    return new AuditRecord.Rejection(
        services.clock().instant(),
        x.decisionId,
        x.snapshot.revision(),
        Optional.ofNullable(x.serverName),
        caller,
        x.request.remoteAddress() == null ? "" : x.request.remoteAddress().hostAddress(),
        rejected.answer().status(),
        rejected.kind(),
        rejected.getMessage());
  }

  private static boolean toolCall(Exchange x) {
    return x.message instanceof McpMessage.Request request && request.toolCall().isPresent();
  }

  private <T> Future<T> onLoop(CompletionStage<T> stage) {
    return Future.fromCompletionStage(stage, context);
  }
}
