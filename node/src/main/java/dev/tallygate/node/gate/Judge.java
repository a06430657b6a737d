package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.counters.LedgerResult;
import dev.tallygate.node.gate.Stopped.Denied;
import dev.tallygate.node.mcp.Answers;
import dev.tallygate.node.mcp.Answers.Answer;
import dev.tallygate.node.mcp.Answers.DecisionNote;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.Methods;
import dev.tallygate.node.mcp.ToolCall;
import dev.tallygate.node.mcp.ToolNames;
import dev.tallygate.node.upstream.ToolCatalog;
import dev.tallygate.node.upstream.ToolListing;
import dev.tallygate.policy.Decision;
import dev.tallygate.policy.Denial;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.PinKey;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * Says whether a message may pass, and words the answer where it may not.
 *
 * <p>A tool that the grant's policy hides and a tool that the server does not have take one way
 * here and get one answer, so that asking tells nothing: neither is decided before the server's
 * list is known.
 */
final class Judge {
  private static final String UNKNOWN_TOOL = "(unknown tool)";

  private final GateServices services;
  private final PinCheck pins;
  private final ToolListing listing;
  private final LargeMessages large;

  Judge(GateServices services, PinCheck pins, ToolListing listing, LargeMessages large) {
    this.services = services;
    this.pins = pins;
    this.listing = listing;
    this.large = large;
  }

  /** Lets methods through that the server's settings name, and {@code tools/list}. */
  void method(Exchange x, McpMessage.Invocation message) {
    if (message.method().equals(Methods.TOOLS_LIST)
        || x.server.methods().contains(message.method())) {
      if (message instanceof McpMessage.Request request
          && message.method().equals(Methods.PROMPTS_GET)) {
        pins.require(x, request.id(), PinKey.prompt(x.subject.orElse("")));
      }
      return;
    }
    Answer answer =
        message instanceof McpMessage.Request request
            ? Answers.unknownMethod(request.id(), x.era)
            : new Answer(202, new byte[0]); // a notification has no answer
    throw new Denied(
        "(method)", "method", "the method is not let through", answer, Optional.empty());
  }

  /**
   * Judges a tool call by the grant's policy; what it must yet find room for goes to the exchange.
   */
  Future<Exchange> call(Exchange x, ToolCall call) {
    if (x.policy.isEmpty()) {
      throw denied(x, call.id(), noPolicy(), Optional.empty());
    }
    Policy policy = x.policy.get();
    ToolCatalog catalog = services.catalog(x.server);
    boolean shown = ToolNames.isPlain(call.name()) && policy.lists(call.name());
    if (shown && catalog.knows(call.name()) && !catalog.isOutdated()) {
      if (catalog.isOld()) {
        listing.refresh(x.server, catalog, pins.observer(x)); // for the calls after this one
      }
      return decide(x, policy, call);
    }
    return listing
        .refresh(x.server, catalog, pins.observer(x))
        .compose(
            listed -> {
              if (!catalog.isKnown()) {
                throw unreachable(x, call.id());
              }
              if (!shown || !catalog.knows(call.name())) {
                return large.work(
                    x.body.length(),
                    () -> {
                      throw unknown(policy, call, shown);
                    });
              }
              return decide(x, policy, call);
            });
  }

  private Future<Exchange> decide(Exchange x, Policy policy, ToolCall call) {
    return large.work(x.body.length(), () -> decided(x, policy, call));
  }

  private Exchange decided(Exchange x, Policy policy, ToolCall call) {
    pins.require(x, call);
    long began = System.nanoTime();
    Decision decision = policy.decide(call.name(), call.arguments());
    services.metrics().decided((System.nanoTime() - began) / 1e9);
    if (decision instanceof Decision.Deny deny) {
      throw denied(x, call.id(), deny.denial(), Optional.empty());
    }
    x.charges = ((Decision.Allow) decision).charges();
    return x;
  }

  /** The denial of a call whose limits have no room. */
  Denied limited(Exchange x, LedgerResult.Refused refused) {
    JsonNode id = ((McpMessage.Request) x.message).id();
    return denied(x, id, refused.denial(), refused.retryAfter());
  }

  private static Denied denied(
      Exchange x, JsonNode id, Denial denial, Optional<Duration> retryAfter) {
    String outcome =
        switch (denial.reason()) {
          case LIMIT -> "limited";
          case STORE_LOSS -> "unavailable";
          default -> "denied";
        };
    DecisionNote note =
        new DecisionNote(outcome, Optional.of(denial.rule()), x.decisionId, retryAfter);
    return new Denied(
        denial.rule(),
        denial.reason().name().toLowerCase(Locale.ROOT),
        denial.message(),
        Answers.toolDenied(id, x.era, denial.message(), note),
        retryAfter);
  }

  private static Denied unknown(Policy policy, ToolCall call, boolean shown) {
    String rule = UNKNOWN_TOOL;
    if (!shown && policy.decide(call.name(), call.arguments()) instanceof Decision.Deny deny) {
      rule = deny.denial().rule();
    }
    return new Denied(
        rule,
        rule.equals(UNKNOWN_TOOL) ? "unknown" : "hidden",
        "unknown tool",
        Answers.unknownTool(call.id(), call.name()),
        Optional.empty());
  }

  /** The same for a task that is another's and one that is not there, as a server would say it. */
  static Denied unknownTask(Exchange x, McpMessage.Request request) {
    Answer answer;
    if (x.era.isModern() && request.method().equals(Methods.TASKS_RESULT)) {
      answer = Answers.unknownMethod(request.id(), x.era); // this era has it no longer
    } else if (x.era.isModern()
        && request.method().startsWith(Methods.TASKS_PREFIX)
        && !x.declared.tasksExtension()) {
      answer = Answers.tasksExtensionNeeded(request.id());
    } else {
      answer = Answers.unknownTask(request.id());
    }
    return new Denied("(unknown task)", "unknown", "unknown task", answer, Optional.empty());
  }

  private static Denied unreachable(Exchange x, JsonNode id) {
    String text =
        "The MCP server could not be asked for its tools; nothing was run. Try again later.";
    DecisionNote note =
        new DecisionNote("unavailable", Optional.empty(), x.decisionId, Optional.empty());
    return new Denied(
        "(server unknown)",
        "unavailable",
        text,
        Answers.toolDenied(id, x.era, text, note),
        Optional.empty());
  }

  /** The answer to a message whose decision cannot be put on record. */
  static Denied unrecorded(Exchange x) {
    String text = "The gateway cannot record this call, so it was not run. Try again later.";
    DecisionNote note =
        new DecisionNote("unavailable", Optional.empty(), x.decisionId, Optional.empty());
    Answer answer;
    if (x.message instanceof McpMessage.Request request) {
      answer =
          request.toolCall().isPresent()
              ? Answers.toolDenied(request.id(), x.era, text, note)
              : Answers.denied(request.id(), ErrorCodes.UNAVAILABLE, text, note);
    } else {
      answer = Answers.error(503, null, ErrorCodes.UNAVAILABLE, text, Optional.empty());
    }
    return new Denied("(audit)", "unavailable", text, answer, Optional.empty());
  }

  private static Denial noPolicy() {
    return new Denial(
        Denial.Reason.NO_POLICY,
        "(no policy)",
        Optional.empty(),
        "This grant has no policy attached, so it may call nothing.");
  }
}
