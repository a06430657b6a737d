package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.gate.Stopped.Denied;
import dev.tallygate.node.gate.Stopped.Rejected;
import dev.tallygate.node.mcp.Answers;
import dev.tallygate.node.mcp.Answers.Answer;
import dev.tallygate.node.mcp.Answers.DecisionNote;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.McpParamHeaders;
import dev.tallygate.node.mcp.MessageRefused;
import dev.tallygate.node.mcp.ToolCall;
import dev.tallygate.node.upstream.Inventory;
import dev.tallygate.node.upstream.ToolListing;
import dev.tallygate.node.upstream.Upstreams;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Trust;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds back what is not as it was approved, and words the answer. */
final class PinCheck {
  private static final Logger LOG = LoggerFactory.getLogger(PinCheck.class);

  /** How long the first request of all to a server may wait until the gate has looked at it. */
  private static final long INVENTORY_SECONDS = 10;

  private final GateServices services;
  private final Context context;
  private final Upstreams upstreams;

  /**
   * @param context the event loop that the gate runs on
   */
  PinCheck(GateServices services, Context context, Upstreams upstreams) {
    this.services = services;
    this.context = context;
    this.upstreams = upstreams;
  }

  /** Looks at each tool of the gate's own listings. */
  ToolListing.Observer observer(Exchange x) {
    return (name, tool) -> {
      services.catalog(x.server).observe(name, tool);
      services
          .pinning(x.server)
          .passes(x.server.trust(), services.pinsNow(x.server), PinKey.tool(name), tool);
    };
  }

  /**
   * Lets the gate have a look at all that a server shows before its first client does, if what is
   * seen first is to be pinned. Completes whether or not the server answered.
   */
  Future<Exchange> acquainted(Exchange x) {
    ServerPins pins = x.snapshot.pinsOf(x.serverName);
    ServerPinning pinning = services.pinning(x.server);
    if (!pinning.wantsInventory(x.server.trust(), pins)) {
      return Future.succeededFuture(x);
    }
    ServerPinning.Turn turn = pinning.turn(pins);
    if (turn.mine()) {
      Inventory.of(upstreams.of(x.server))
          .onSuccess(
              all -> {
                services.catalog(x.server).listed(all.tools());
                pinning.take(services.pinsNow(x.server), all.shown());
              })
          .onFailure(
              e -> {
                LOG.warn("{} did not show all that it has: {}", x.serverName, e.getMessage());
                pinning.failed();
              });
    }
    return turn.first()
        ? Future.fromCompletionStage(turn.over(), context)
            .timeout(INVENTORY_SECONDS, TimeUnit.SECONDS)
            .transform(over -> Future.succeededFuture(x))
        : Future.succeededFuture(x);
  }

  /**
   * Lets a call pass if its tool is as it was approved, and it keeps to what the tool asks of it.
   */
  void require(Exchange x, ToolCall call) {
    require(x, call.id(), PinKey.tool(call.name()));
    requireContract(x, call);
  }

  /** Lets a request pass if what it names is as it was approved. */
  void require(Exchange x, JsonNode id, PinKey key) {
    services
        .pinning(x.server)
        .held(x.server.trust(), services.pinsNow(x.server), key)
        .ifPresent(
            held -> {
              throw heldBack(x, id, key, held);
            });
  }

  private static Denied heldBack(Exchange x, JsonNode id, PinKey key, ServerPinning.Held held) {
    String thing = key.kind().name().toLowerCase(Locale.ROOT);
    String members = held.members().isEmpty() ? "" : " (" + String.join(", ", held.members()) + ")";
    String text =
        switch (held.state()) {
          case CHANGED ->
              "The server changed this " + thing + " after it was approved" + members + ".";
          case DISAGREEING ->
              "The server shows this " + thing + " in two versions in turn" + members + ".";
          default -> "This " + thing + " of the server has not been approved yet.";
        };
    text +=
        " Nothing was run. An operator can compare with `tallygate pin diff` and approve with"
            + " `tallygate pin accept`.";
    DecisionNote note =
        new DecisionNote("denied", Optional.of("(pin)"), x.decisionId, Optional.empty());
    Answer answer =
        key.kind() == PinKey.Kind.TOOL
            ? Answers.toolDenied(id, x.era, text, note)
            : Answers.denied(id, ErrorCodes.DENIED, text, note);
    return new Denied("(pin)", "pin", text, answer, Optional.empty());
  }

  /** Headers that must repeat arguments, and arguments that must fit the pinned schema. */
  private void requireContract(Exchange x, ToolCall call) {
    Optional<ToolContract> contract =
        x.server.trust() == Trust.ANY
            ? Optional.empty()
            : services
                .pinning(x.server)
                .approved(x.server.trust(), services.pinsNow(x.server), PinKey.tool(call.name()))
                .stream()
                .findFirst()
                .map(services::contract);
    Optional<McpParamHeaders> headers =
        contract
            .map(ToolContract::headers)
            .orElseGet(() -> services.catalog(x.server).mirrored(call.name()));
    if (x.era.isModern() && headers.isPresent()) {
      try {
        headers.get().check(x.request.headers()::getAll, call);
      } catch (MessageRefused e) {
        throw Rejected.message(e.refusal());
      }
    }
    if (x.server.checksArguments()) {
      contract.flatMap(pinned -> misfit(pinned, call)).ifPresent(why -> throwMisfit(x, call, why));
    }
  }

  private static Optional<String> misfit(ToolContract contract, ToolCall call) {
    if (contract.schema().isEmpty()) {
      return Optional.of("The tool's input schema cannot be used: " + contract.unusable() + ".");
    }
    try {
      return contract
          .schema()
          .get()
          .mismatch(call.arguments())
          .map(why -> "The arguments do not fit the tool's input schema: " + why + ".");
    } catch (IllegalArgumentException e) {
      return Optional.of("The arguments cannot be checked: " + e.getMessage() + ".");
    }
  }

  private static void throwMisfit(Exchange x, ToolCall call, String why) {
    String text = why + " Nothing was run.";
    DecisionNote note =
        new DecisionNote("denied", Optional.of("(schema)"), x.decisionId, Optional.empty());
    throw new Denied(
        "(schema)",
        "schema",
        text,
        Answers.toolDenied(call.id(), x.era, text, note),
        Optional.empty());
  }
}
