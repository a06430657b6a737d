package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.mcp.ClientCapabilities;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.Question;
import dev.tallygate.node.upstream.UpstreamCall;
import dev.tallygate.node.upstream.Upstreams;
import dev.tallygate.registry.Server.Asks;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what a server may ask of a client: what its settings name and the client declared. A server
 * that asks for more is told so, and it is put on record.
 */
final class Questions {
  private static final Logger LOG = LoggerFactory.getLogger(Questions.class);

  /** Refusals of one exchange that are answered and put on record; a server may ask for ever. */
  private static final int MAX_REFUSALS = 100;

  private final GateServices services;
  private final Context context;
  private final Upstreams upstreams;

  /**
   * @param context the event loop that the gate runs on
   */
  Questions(GateServices services, Context context, Upstreams upstreams) {
    this.services = services;
    this.context = context;
    this.upstreams = upstreams;
  }

  /** Why the client is not to see the message; empty where it asks nothing that it may not. */
  Optional<String> refuses(Exchange x, byte[] message) {
    ClientCapabilities declared =
        x.era.isModern()
            ? x.declared
            : x.session
                .map(session -> ClientCapabilities.of(session.opening().declared()))
                .orElse(ClientCapabilities.NONE);
    for (Question question : Question.in(message)) {
      Optional<String> reason = reason(x.server.asks(), declared, question);
      if (reason.isPresent()) {
        record(x, question, reason.get());
        return reason;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> reason(
      Asks asks, ClientCapabilities declared, Question question) {
    String method = question.method();
    if (!method.equals("ping") && !asks.methods().contains(method)) {
      return Optional.of("the server may not ask this of clients");
    }
    if (!question.isDeclared(declared)) {
      return Optional.of("the client did not declare that it can be asked this");
    }
    boolean strays =
        question
            .url()
            .map(url -> asks.urlHosts().map(hosts -> !hosts.cover(url)).orElse(false))
            .orElse(false);
    return strays ? Optional.of("the server may not send users to this host") : Optional.empty();
  }

  /** Refuses a request that the modern era does not have. */
  void refuseOnStream(Exchange x, byte[] request) {
    record(x, Question.in(request).get(0), "servers of this version ask in results only");
  }

  /** Tells the server that its request has no answer, as a client without the method would. */
  void answerServer(Exchange x, JsonNode id) {
    if (x.session.isEmpty() || x.refusals > MAX_REFUSALS) {
      return;
    }
    ObjectNode answer = JsonNodeFactory.instance.objectNode().put("jsonrpc", "2.0");
    answer.set("id", id);
    answer
        .putObject("error")
        .put("code", ErrorCodes.METHOD_NOT_FOUND)
        .put("message", "Method not found");
    MultiMap headers = HttpHeaders.headers();
    headers.set("content-type", "application/json");
    headers.set("accept", "application/json, text/event-stream");
    headers.set("mcp-protocol-version", x.era.version());
    headers.set(ForwardedHeaders.SESSION, x.session.get().id());
    headers.set(ForwardedHeaders.DECISION, x.decisionId);
    Buffer body = Buffer.buffer(answer.toString().getBytes(StandardCharsets.UTF_8));
    // A large event is looked into elsewhere than on the event loop, to which connections belong.
    context.runOnContext(
        run -> {
          UpstreamCall call = upstreams.of(x.server).send(HttpMethod.POST, headers, body);
          call.response().onSuccess(head -> head.resume()).onFailure(gone -> {});
        });
  }

  private void record(Exchange x, Question question, String reason) {
    String method = question.method().isEmpty() ? "(unclear)" : question.method();
    services
        .metrics()
        .questionRefused(x.serverName, Asks.ALL_METHODS.contains(method) ? method : "(other)");
    if (++x.refusals > MAX_REFUSALS) {
      return;
    }
    AuditRecord.Decision denied =
        new AuditRecord.Decision(
            services.clock().instant(),
            x.decisionId,
            x.snapshot.revision(),
            x.caller().orElseThrow(),
            method,
            Optional.empty(),
            AuditRecord.Outcome.DENIED,
            Optional.of("(asks)"),
            Optional.of(reason),
            List.of(),
            List.of(),
            Optional.empty());
    Future.fromCompletionStage(services.audit().append(denied), context)
        .onFailure(
            lost -> {
              services.metrics().auditFailed();
              LOG.error("A refused question could not be recorded: {}", lost.getMessage());
            });
  }
}
