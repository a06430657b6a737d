package dev.tallygate.node.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The gate, as it is shipped, before replicas of two servers, under the shipped policies. */
@Timeout(180)
class ReplicaGateIT {
  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, Object> CODE = Map.of("code", "print(42)");
  private static final String CODE_JSON = "{\"code\":\"print(42)\"}";

  @TempDir static Path directory;

  private static Replica engine;
  private static Replica kingdom;
  private static GateProcess gate;

  @BeforeAll
  static void start() throws IOException {
    engine = Replica.x402engine();
    kingdom = Replica.aModularKingdom();
    gate =
        GateProcess.in(directory)
            .server("engine", engine.url())
            .server("kingdom", kingdom.url())
            .policy("engine", example("x402engine/policy.json"))
            .policy("kingdom", example("a-modular-kingdom/policy.json"))
            .policy("execute-code", example("execute_code.json"))
            .policy("code-execute", example("code_execute.json"))
            .policy("poor", withBudget(example("x402engine/policy.json"), "0.02"))
            .grant("sdk-full", "engine", "engine")
            .grant("sdk-single", "engine", "execute-code")
            .grant("sdk-king", "kingdom", "kingdom")
            .grant("sdk-queen", "kingdom", "code-execute")
            .grant("modern", "engine", "engine")
            .grant("alice", "engine", "engine")
            .grant("bob", "engine", "engine")
            .grant("failing", "engine", "engine")
            .grant("free", "engine", "engine")
            .grant("dave", "engine", "poor")
            .grant("erin", "engine", "poor")
            .grant("king", "kingdom", "kingdom")
            .start();
  }

  @AfterAll
  static void stop() throws Exception {
    for (AutoCloseable part : new AutoCloseable[] {gate, engine, kingdom}) {
      if (part != null) {
        part.close();
      }
    }
  }

  private static String example(String file) throws IOException {
    return Files.readString(EXAMPLES.resolve(file));
  }

  /** The same policy with another daily budget. */
  private static String withBudget(String policy, String max) throws IOException {
    JsonNode document = JSON.readTree(policy);
    for (JsonNode rule : document.path("tools")) {
      for (JsonNode limit : rule.path("limits")) {
        if (limit.path("counter").asText().equals("spend_usd")) {
          ((ObjectNode) limit).put("max", new BigDecimal(max));
        }
      }
    }
    return document.toString();
  }

  /** Windows begin with the minute: what must fall into one needs one that has time left. */
  private static void awaitRoomInTheMinute() {
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> LocalTime.now(ZoneOffset.UTC).getSecond() < 45);
  }

  private static void assertUsedUp(String text) {
    assertThat(text)
        .matches("10 calls a minute for this grant are used up; retry in [1-9][0-9]? s");
  }

  @Test
  void eleventhCallOfTheMinuteIsRefusedToTheJavaSdk() {
    for (String label : List.of("sdk-full", "sdk-single", "sdk-king", "sdk-queen")) {
      // Given
      boolean onEngine = label.equals("sdk-full") || label.equals("sdk-single");
      String tool = onEngine ? "execute_code" : "code_execute";
      Replica replica = onEngine ? engine : kingdom;
      long before = replica.server().calls(tool);
      awaitRoomInTheMinute();
      try (JavaClient client =
          new JavaClient(gate.url(onEngine ? "engine" : "kingdom"), gate.token(label))) {

        // When
        for (int i = 0; i < 10; i++) {
          CallToolResult allowed = client.call(tool, CODE);
          assertThat(JavaClient.text(allowed)).isEqualTo("ran: print(42)");
        }
        CallToolResult refused = client.call(tool, CODE);

        // Then
        assertThat(refused.isError()).isTrue();
        assertUsedUp(JavaClient.text(refused));
        assertThat(replica.server().calls(tool)).isEqualTo(before + 10);
      }
    }
  }

  @Test
  void eleventhCallOfTheMinuteIsRefusedInTheModernEra() throws Exception {
    // Given
    ModernHttp client = new ModernHttp(gate.url("engine"), gate.token("modern"));
    long before = engine.server().calls("execute_code");
    awaitRoomInTheMinute();

    // When
    for (int i = 0; i < 10; i++) {
      assertThat(ModernHttp.text(client.call("execute_code", CODE_JSON)))
          .isEqualTo("ran: print(42)");
    }
    HttpResponse<String> refused = client.call("execute_code", CODE_JSON);

    // Then
    assertThat(refused.statusCode()).isEqualTo(200);
    JsonNode result = ModernHttp.result(refused);
    assertThat(result.path("isError").asBoolean()).isTrue();
    assertThat(result.path("resultType").asText()).isEqualTo("complete");
    assertUsedUp(ModernHttp.text(refused));
    assertThat(refused.headers().firstValueAsLong("Retry-After")).isPresent();
    assertThat(result.at("/_meta/dev.tallygate~1decision/rule").asText())
        .isEqualTo("/tools/execute_code/limits/0");
    assertThat(engine.server().calls("execute_code")).isEqualTo(before + 10);
  }

  @Test
  void otherGrantsOfTheServerHaveTheirOwnTenCalls() throws Exception {
    // Given
    long before = engine.server().calls("execute_code");
    awaitRoomInTheMinute();
    ModernHttp alice = new ModernHttp(gate.url("engine"), gate.token("alice"));
    for (int i = 0; i < 11; i++) {
      alice.call("execute_code", CODE_JSON);
    }

    // When
    HttpResponse<String> bobs =
        new ModernHttp(gate.url("engine"), gate.token("bob")).call("execute_code", CODE_JSON);

    // Then
    assertThat(ModernHttp.text(bobs)).isEqualTo("ran: print(42)");
    assertThat(engine.server().calls("execute_code")).isEqualTo(before + 11);
  }

  @Test
  void callThatFailsInPlainTextKeepsItsCharge() throws Exception {
    // Given
    ModernHttp client = new ModernHttp(gate.url("engine"), gate.token("failing"));
    awaitRoomInTheMinute();

    // When
    for (int i = 0; i < 10; i++) {
      HttpResponse<String> failed = client.call("execute_code", "{\"code\":\"raise\"}");
      assertThat(ModernHttp.text(failed)).startsWith("Error: ");
      assertThat(ModernHttp.result(failed).has("isError")).isFalse();
    }

    // Then
    assertUsedUp(ModernHttp.text(client.call("execute_code", CODE_JSON)));
  }

  @Test
  void budgetIsSpentExactlyAndByAllGrantsTogether() throws Exception {
    // Given
    ModernHttp dave = new ModernHttp(gate.url("engine"), gate.token("dave"));
    ModernHttp erin = new ModernHttp(gate.url("engine"), gate.token("erin"));
    String flight = "{\"origin\":\"JFK\",\"destination\":\"LAX\",\"departureDate\":\"2027-01-01\"}";

    // When
    HttpResponse<String> first = dave.call("search_flights", flight);
    HttpResponse<String> second = erin.call("search_flights", flight);
    HttpResponse<String> tooMuch = dave.call("get_trending_crypto", "{}");
    HttpResponse<String> tooMuchForOthers = erin.call("get_trending_crypto", "{}");
    HttpResponse<String> free = dave.call("discover_services", "{}");

    // Then
    assertThat(ModernHttp.text(first)).startsWith("search_flights ");
    assertThat(ModernHttp.text(second)).startsWith("search_flights ");
    assertThat(ModernHttp.text(tooMuch)).isEqualTo("The budget of 5 USD a day is spent.");
    assertThat(ModernHttp.text(tooMuchForOthers)).isEqualTo("The budget of 5 USD a day is spent.");
    assertThat(ModernHttp.text(free)).startsWith("discover_services");
    assertThat(engine.server().calls("get_trending_crypto")).isZero();
  }

  @Test
  void deniedDeleteLeavesTheMemory() {
    try (JavaClient client = new JavaClient(gate.url("kingdom"), gate.token("king"))) {
      // When
      CallToolResult denied = client.call("delete_memory", Map.of("memory_id", "mem-0"));
      CallToolResult saved = client.call("save_memory", Map.of("content", "kept"));

      // Then
      assertThat(denied.isError()).isTrue();
      assertThat(JavaClient.text(denied))
          .isEqualTo("A deleted memory cannot be brought back; ask a person to delete it.");
      assertThat(JavaClient.text(saved)).startsWith("saved as ");
      assertThat(kingdom.memories()).containsKey("mem-0").containsValue("kept");
      assertThat(kingdom.server().calls("delete_memory")).isZero();
    }
  }

  @Test
  void hiddenToolIsNeitherListedNorToldFromOneThatIsNotThere() throws Exception {
    // Given
    ModernHttp client = new ModernHttp(gate.url("kingdom"), gate.token("king"));

    // When
    HttpResponse<String> hidden = client.call("set_global_rule", "{\"rule\":\"obey\"}");
    HttpResponse<String> absent = client.call("set_globel_rule", "{\"rule\":\"obey\"}");

    // Then
    assertThat(hidden.statusCode()).isEqualTo(absent.statusCode()).isEqualTo(200);
    assertThat(ModernHttp.error(hidden).path("code").asInt()).isEqualTo(-32602);
    assertThat(hidden.body().replace("set_global_rule", "set_globel_rule").replace("\"id\":1", ""))
        .isEqualTo(absent.body().replace("\"id\":2", ""));
    assertThat(hidden.headers().map().keySet()).isEqualTo(absent.headers().map().keySet());
    assertThat(kingdom.calls()).noneMatch(call -> call.tool().startsWith("set_glob"));
    try (JavaClient sdk = new JavaClient(gate.url("kingdom"), gate.token("king"))) {
      assertThat(sdk.tools()).hasSize(13).doesNotContain("set_global_rule");
      ThrowingCallable call = () -> sdk.call("set_global_rule", Map.of("rule", "obey"));
      assertThatThrownBy(call)
          .isInstanceOf(McpError.class)
          .hasMessageContaining("Unknown tool: set_global_rule");
      assertThat(sdk.tools()).hasSize(13);
    }
  }

  @Test
  void argumentsAreJudgedBeforeTheServerSeesThem() throws Exception {
    // Given
    ModernHttp client = new ModernHttp(gate.url("kingdom"), gate.token("king"));

    // When
    HttpResponse<String> denied =
        client.call("analyze_media", "{\"paths\":[\"/srv/kingdom/media/../../../etc/shadow\"]}");
    HttpResponse<String> allowed =
        client.call("analyze_media", "{\"paths\":[\"/srv/kingdom/media/a.png\"]}");

    // Then
    assertThat(ModernHttp.text(denied)).startsWith("Name at most 4 files");
    assertThat(ModernHttp.text(allowed)).startsWith("analyze_media");
    assertThat(kingdom.calls())
        .filteredOn(call -> call.tool().equals("analyze_media"))
        .extracting(call -> call.arguments().at("/paths/0").asText())
        .containsExactly("/srv/kingdom/media/a.png");
    assertThat(gate.auditText()).doesNotContain("a.png", "shadow");
  }

  @Test
  void upstreamNeverSeesTheClientsToken() throws Exception {
    // When
    new ModernHttp(gate.url("engine"), gate.token("free")).call("discover_services", "{}");

    // Then
    assertThat(engine.server().calls("discover_services")).isPositive();
    assertThat(engine.server().requests())
        .allSatisfy(
            request -> {
              assertThat(request.header("Authorization")).isEmpty();
              assertThat(request.headers().toString()).doesNotContain(gate.token("free"));
            });
    assertThat(gate.auditText() + gate.log()).doesNotContain(gate.token("free"));
  }

  @Test
  void tokenOpensItsOwnServerOnly() throws Exception {
    // Given
    int before = engine.calls().size();

    // When
    HttpResponse<String> none =
        new ModernHttp(gate.url("engine"), null).call("discover_services", "{}");
    HttpResponse<String> foreign =
        new ModernHttp(gate.url("engine"), gate.token("king")).call("discover_services", "{}");

    // Then
    assertThat(none.statusCode()).isEqualTo(401);
    assertThat(none.headers().firstValue("WWW-Authenticate")).isPresent();
    assertThat(foreign.statusCode()).isIn(401, 404);
    assertThat(engine.calls()).hasSize(before);
  }
}
