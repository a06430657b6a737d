package dev.tallygate.node.gate;

import dev.tallygate.node.mcp.ListFilter;
import dev.tallygate.node.mcp.ListKind;
import dev.tallygate.node.mcp.ListRefused;
import dev.tallygate.node.mcp.Methods;
import dev.tallygate.node.mcp.Outgoing;
import dev.tallygate.node.upstream.Inventory;
import dev.tallygate.node.upstream.ToolCatalog;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Trust;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Takes out of a server's responses what is not for the caller: tools that its policy does not
 * list, tasks of others, and whatever is not as it was approved. Thread-safe.
 */
final class ResponseFilter {
  /** How long clients may keep a filtered list; a change of policy reaches them after that. */
  static final long TTL_MILLIS = 60_000;

  /** Parts of responses that are not for everybody. */
  enum Part {
    TOOLS,
    TASKS,
    PROMPTS,
    /** The result of {@code initialize} or {@code server/discover}. */
    OPENING
  }

  /** A response that cannot be filtered with certainty, and so is not forwarded. */
  static final class Unfilterable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unfilterable(String reason) {
      super(reason, null, false, false);
    }
  }

  private final GateServices services;

  ResponseFilter(GateServices services) {
    this.services = services;
  }

  /** What the response to a request is bound to hold. */
  static Set<Part> askedFor(Exchange x) {
    boolean pinned = x.server.trust() != Trust.ANY;
    return switch (x.method) {
      case Methods.TOOLS_LIST -> EnumSet.of(Part.TOOLS);
      case Methods.TASKS_LIST -> EnumSet.of(Part.TASKS);
      case Methods.PROMPTS_LIST -> pinned ? EnumSet.of(Part.PROMPTS) : Set.of();
      case Methods.INITIALIZE -> pinned ? EnumSet.of(Part.OPENING) : Set.of();
      case Methods.DISCOVER -> pinned || x.era.isModern() ? EnumSet.of(Part.OPENING) : Set.of();
      default -> Set.of();
    };
  }

  /** What a response holds besides, whatever was asked for: it may come on any stream. */
  static Set<Part> in(Exchange x, Outgoing response, Set<Part> asked) {
    Set<Part> parts = EnumSet.noneOf(Part.class);
    parts.addAll(asked);
    if (response.listsTools()) {
      parts.add(Part.TOOLS);
    }
    if (x.server.trust() != Trust.ANY) {
      if (response.listsPrompts()) {
        parts.add(Part.PROMPTS);
      }
      if (response.instructs()) {
        parts.add(Part.OPENING);
      }
    }
    return parts;
  }

  /**
   * A response with what is not for the caller cut out; the very array where nothing is.
   *
   * @throws Unfilterable if it cannot be filtered with certainty
   */
  byte[] filter(Exchange x, Set<Part> parts, byte[] response) {
    OptionalLong ttl = x.era.isModern() ? OptionalLong.of(TTL_MILLIS) : OptionalLong.empty();
    // The pins and the policy of now, not of when a long stream began.
    ServerPins pins = services.pinsNow(x.server);
    byte[] filtered = response;
    try {
      for (Part part : parts) {
        filtered =
            switch (part) {
              case TOOLS -> tools(x, pins, ttl, filtered);
              case TASKS ->
                  ListFilter.filter(
                          ListKind.TASKS, filtered, ttl, (id, task) -> x.ownTasks.test(id))
                      .body();
              case PROMPTS ->
                  ListFilter.filter(
                          ListKind.PROMPTS,
                          filtered,
                          ttl,
                          (name, prompt) -> isPinned(x, pins, PinKey.prompt(name), prompt))
                      .body();
              case OPENING -> ListFilter.filterOpening(filtered, ttl, instructions(x, pins));
            };
      }
      return filtered;
    } catch (ListRefused e) {
      throw new Unfilterable(e.getMessage());
    }
  }

  private byte[] tools(Exchange x, ServerPins pins, OptionalLong ttl, byte[] response)
      throws ListRefused {
    Optional<Policy> policy = services.policyNow(x.grant);
    ToolCatalog catalog = services.catalog(x.server);
    return ListFilter.filter(
            ListKind.TOOLS,
            response,
            ttl,
            (name, tool) -> {
              catalog.observe(name, tool);
              // Looked at even where the policy hides it: that it changed is told to operators.
              boolean pinned = isPinned(x, pins, PinKey.tool(name), tool);
              return pinned && policy.map(p -> p.lists(name)).orElse(false);
            })
        .body();
  }

  /** Whether a definition is the approved one, and no other was shown of late. */
  private boolean isPinned(Exchange x, ServerPins pins, PinKey key, byte[] definition) {
    ServerPinning pinning = services.pinning(x.server);
    Trust trust = x.server.trust();
    return pinning.passes(trust, pins, key, definition) && pinning.held(trust, pins, key).isEmpty();
  }

  private ListFilter.Instructions instructions(Exchange x, ServerPins pins) {
    Trust trust = x.server.trust();
    return text -> {
      if (trust == Trust.ANY) {
        return true;
      }
      try {
        return services
            .pinning(x.server)
            .passes(trust, pins, PinKey.INSTRUCTIONS, Inventory.instructions(text));
      } catch (IllegalArgumentException e) {
        return false; // it cannot be pinned
      }
    };
  }
}
