package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.gate.TestClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A9: a message that is of one era to the gate and of another to the server. The four signals are
 * the version header, the version in {@code _meta}, the method {@code initialize} and the session.
 *
 * <p>Without the comparisons in {@code EraDetection} a message goes out under a header of the one
 * era with a body of the other.
 */
@Timeout(180)
class A09EraConfusionTest {
  private static final String NONE = "none";
  private static final List<String> LEGACY = List.of("2025-03-26", "2025-06-18", "2025-11-25");

  private static Scene scene;
  private static String session;

  @BeforeAll
  static void start() {
    scene = Scene.start();
    session = scene.alice.initialize();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  /** One combination of the signals. */
  private record Signals(String header, String meta, String method, boolean inSession) {
    String body(String tool) {
      String claim =
          meta.equals(NONE)
              ? ""
              : ",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\""
                  + meta
                  + "\",\"io.modelcontextprotocol/clientCapabilities\":{}}";
      String params =
          method.equals("initialize")
              ? "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{"
                  + "\"name\":\"t\",\"version\":\"1\"}"
              : "\"name\":\"" + tool + "\",\"arguments\":{}";
      return "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\""
          + method
          + "\",\"params\":{"
          + params
          + claim
          + "}}";
    }

    String[] headers(String tool) {
      List<String> headers = new ArrayList<>();
      if (!header.equals(NONE)) {
        headers.add("MCP-Protocol-Version: " + header);
      }
      if (inSession) {
        headers.add("Mcp-Session-Id: " + session);
      }
      headers.add("Mcp-Method: " + method);
      headers.add("Mcp-Name: " + tool);
      return headers.toArray(String[]::new);
    }

    boolean isModern() {
      return header.equals("2026-07-28") && meta.equals("2026-07-28");
    }

    boolean isLegacy() {
      return meta.equals(NONE) && (header.equals(NONE) || LEGACY.contains(header));
    }

    /** The JSON-RPC error that docs/protocol.md promises where the signals do not agree. */
    int error() {
      boolean modernHeader = header.equals("2026-07-28") || header.equals("2099-01-01");
      boolean whole = meta.equals("2026-07-28") || meta.equals("2099-01-01");
      if (method.equals("initialize") && !whole && (modernHeader || !meta.equals(NONE))) {
        return -32020;
      }
      if (meta.equals(NONE)) {
        return modernHeader ? -32602 : -32600;
      }
      if (!header.equals(meta)) {
        return -32020;
      }
      return -32022;
    }

    @Override
    public String toString() {
      return header + " / " + meta + " / " + method + (inSession ? " / session" : "");
    }
  }

  static Stream<Signals> combinations() {
    List<Signals> all = new ArrayList<>();
    for (String header :
        List.of(
            NONE,
            "2024-11-05",
            "2025-03-26",
            "2025-06-18",
            "2025-11-25",
            "2026-07-28",
            "2099-01-01",
            "2026-07-27",
            "x")) {
      for (String meta :
          List.of(NONE, "2025-03-26", "2025-11-25", "2026-07-28", "2099-01-01", "x")) {
        for (String method : List.of("tools/call", "initialize")) {
          all.add(new Signals(header, meta, method, false));
          all.add(new Signals(header, meta, method, true));
        }
      }
    }
    return all.stream();
  }

  static Stream<Signals> contradictions() {
    return combinations().filter(s -> !s.isModern() && !s.isLegacy());
  }

  @ParameterizedTest
  @MethodSource("contradictions")
  void signalsThatDoNotAgreeAreRefused(Signals signals) {
    for (String tool : List.of("alpha", "denied")) {
      Scene.Stopped stopped = scene.stops(scene.posted(signals.body(tool), signals.headers(tool)));
      assertThat(stopped.status()).isEqualTo(400);
      assertThat(stopped.record().get("event").asText()).isEqualTo("rejection");
      stopped.withError(signals.error());
    }
  }

  static Stream<Signals> agreements() {
    return combinations().filter(s -> s.isModern() || s.isLegacy());
  }

  @ParameterizedTest
  @MethodSource("agreements")
  void messageArrivesInTheEraInWhichItWasJudged(Signals signals) throws IOException {
    // When
    RawHttp.Response answer;
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      scene.posted(signals.body("alpha"), signals.headers("alpha")).to(http);
      answer = http.read();
    }

    // Then
    String id = answer.header("Tallygate-Decision-Id");
    ReceivedRequest received =
        scene.received().stream()
            .filter(r -> r.header("Tallygate-Decision-Id").equals(java.util.Optional.of(id)))
            .findFirst()
            .orElseThrow();
    assertThat(received.text()).isEqualTo(signals.body("alpha"));
    assertThat(received.header("MCP-Protocol-Version").orElse(NONE)).isEqualTo(signals.header);
    assertThat(received.header("Mcp-Session-Id").isPresent())
        .isEqualTo(signals.inSession && signals.isLegacy());
    assertThat(received.header("Mcp-Method").isPresent()).isEqualTo(signals.isModern());
    if (signals.isModern()) {
      assertThat(answer.header("Mcp-Session-Id")).isNull();
    }
  }

  @ParameterizedTest
  @MethodSource("agreements")
  void deniedCallIsDeniedInEveryEra(Signals signals) {
    if (signals.method.equals("tools/call")) {
      scene
          .stops(scene.posted(signals.body("denied"), signals.headers("denied")))
          .denied(200, "(default deny)");
    }
  }

  @Test
  void modernEraHasNeitherStreamNorEndOfSession() {
    for (String method : List.of("GET", "DELETE")) {
      scene
          .stops(
              http ->
                  http.head(
                      method,
                      Scene.PATH,
                      scene.headersOf(
                          "alice",
                          "MCP-Protocol-Version: 2026-07-28",
                          "Mcp-Session-Id: " + session)))
          .rejected(405, "method");
    }
  }

  @Test
  void olderVersionBringsNoBatches() {
    String batch = "[" + TestClient.legacyCallBody("denied") + "]";
    scene
        .stops(
            scene.posted(batch, "MCP-Protocol-Version: 2025-03-26", "Mcp-Session-Id: " + session))
        .rejected(400, "batch");
    scene
        .stops(scene.posted("[" + TestClient.INITIALIZE.replace("2025-11-25", "2025-03-26") + "]"))
        .rejected(400, "batch");
  }
}
