package dev.tallygate.node.upstream;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.tallygate.node.mcp.ListKind;
import dev.tallygate.registry.Server;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks servers for their tools, as a client of the gate's own.
 *
 * <p>It speaks to a server as in MCP 2026-07-28 first, and if that fails opens a session of
 * 2025-11-25, lists, and ends it. Used on one event loop; calls that come while a listing is under
 * way, on this event loop or another, wait for it.
 */
public final class ToolListing {
  private static final Logger LOG = LoggerFactory.getLogger(ToolListing.class);
  private static final JsonMapper JSON = new JsonMapper();

  private final Upstreams upstreams;

  public ToolListing(Upstreams upstreams) {
    this.upstreams = upstreams;
  }

  /** Looks at each tool of a listing. */
  @FunctionalInterface
  public interface Observer {
    /**
     * @param definition the whole tool as the server wrote it
     */
    void observe(String tool, byte[] definition);
  }

  /**
   * Brings a catalog up to date, unless it was asked for a moment ago. Completes whether or not the
   * server answered.
   */
  public Future<Void> refresh(Server server, ToolCatalog catalog, Observer observer) {
    ToolCatalog.Turn turn = catalog.turn();
    if (turn.mine()) {
      list(upstreams.of(server), () -> new Names(observer))
          .map(names -> names.found)
          .onSuccess(catalog::listed)
          .onFailure(
              e -> {
                LOG.warn("{} did not tell its tools: {}", server.name(), e.getMessage());
                catalog.failed();
              });
    }
    return Future.fromCompletionStage(turn.over(), upstreams.context());
  }

  /**
   * A server's tools, whole, as they stand in its list. Fails with words for people where the
   * server does not tell them.
   */
  public Future<ArrayNode> tools(Server server) {
    return list(upstreams.of(server), Tools::new).map(tools -> tools.found);
  }

  /** Names that are remembered of one server; it is the server that chooses how many there are. */
  private static final int MAX_TOOLS = 10_000;

  private static final class Names implements Speech.Items {
    private final Observer observer;
    private final List<String> found = new ArrayList<>();

    Names(Observer observer) {
      this.observer = observer;
    }

    @Override
    public void take(String name, byte[] tool) {
      if (found.size() >= MAX_TOOLS) {
        throw new IllegalStateException("it has more than " + MAX_TOOLS + " tools");
      }
      found.add(name);
      observer.observe(name, tool);
    }
  }

  private static final class Tools implements Speech.Items {
    private final ArrayNode found = JSON.createArrayNode();

    @Override
    public void take(String name, byte[] tool) {
      try {
        found.add(JSON.readTree(tool));
      } catch (IOException e) {
        throw new UncheckedIOException("a list that was filtered is JSON", e);
      }
    }
  }

  private static <P extends Speech.Items> Future<P> list(Upstream upstream, Supplier<P> wanted) {
    P fromModern = wanted.get();
    return Speech.modern(upstream, false)
        .list(ListKind.TOOLS, fromModern)
        .map(fromModern)
        .recover(
            notModern ->
                Speech.legacy(upstream, Speech.LEGACY, false)
                    .compose(legacy -> listed(legacy, wanted.get())));
  }

  private static <P extends Speech.Items> Future<P> listed(Speech legacy, P wanted) {
    return legacy.list(ListKind.TOOLS, wanted).eventually(legacy::end).map(wanted);
  }
}
