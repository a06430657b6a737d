package dev.tallygate.node.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.StrictJson;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigReading;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Decision;
import dev.tallygate.policy.Denial;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyReading;
import dev.tallygate.policy.Scope;
import dev.tallygate.policy.ServerLint;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The shipped examples mean what their tables say. */
class ExamplePolicyTest {
  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String LONG = "x".repeat(5_000);

  /** For each tool, arguments that pass. */
  private static final Map<String, String> GOOD =
      Map.ofEntries(
          Map.entry("generate_image", "{\"prompt\":\"a gate\",\"tier\":\"fast\",\"width\":1024}"),
          Map.entry("execute_code", "{\"code\":\"print(1)\"}"),
          Map.entry("transcribe_audio", "{\"audio_url\":\"https://media.example.org/a.mp3\"}"),
          Map.entry("get_crypto_price", "{\"ids\":\"bitcoin,solana\"}"),
          Map.entry("get_crypto_markets", "{\"limit\":100}"),
          Map.entry("get_crypto_history", "{\"id\":\"bitcoin\",\"days\":90}"),
          Map.entry("search_crypto", "{\"q\":\"bit\"}"),
          Map.entry("get_wallet_balances", "{\"chain\":\"base\",\"address\":\"0x0\"}"),
          Map.entry("get_wallet_transactions", "{\"chain\":\"base\",\"address\":\"0x0\"}"),
          Map.entry("get_wallet_pnl", "{\"chain\":\"solana\",\"address\":\"a\"}"),
          Map.entry(
              "get_token_prices", "{\"tokens\":[{\"token_address\":\"0x0\",\"chain\":\"base\"}]}"),
          Map.entry(
              "get_from_ipfs",
              "{\"cid\":\"bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi\"}"),
          Map.entry(
              "search_flights",
              "{\"origin\":\"JFK\",\"destination\":\"LAX\",\"departureDate\":\"2027-01-01\"}"),
          Map.entry("search_locations", "{\"keyword\":\"Paris\"}"),
          Map.entry("save_fact", "{\"fact_data\":{\"content\":\"the sky is blue\"}}"),
          Map.entry("save_memory", "{\"content\":\"the build takes a minute\"}"),
          Map.entry("search_memories", "{\"query\":\"build\",\"top_k\":20}"),
          Map.entry(
              "query_knowledge_base",
              "{\"query\":\"how\",\"doc_path\":\"/srv/kingdom/docs/manual\"}"),
          Map.entry("code_execute", "{\"code\":\"print(1)\"}"),
          Map.entry("analyze_media", "{\"paths\":[\"/srv/kingdom/media/a.png\"]}"),
          Map.entry("web_search", "{\"query\":\"mcp\"}"),
          Map.entry(
              "browse_web", "{\"action\":\"navigate\",\"url\":\"https://docs.example.org/a\"}"),
          Map.entry("text_to_speech", "{\"text\":\"hello\",\"play_audio\":false}"),
          Map.entry("speech_to_text", "{\"file_path\":\"/srv/kingdom/media/a.wav\"}"));

  @ParameterizedTest
  @ValueSource(strings = {"x402engine", "a-modular-kingdom"})
  void policyLoadsWithoutAnythingToRemark(String example) throws IOException {
    assertThat(read(example + "/policy.json").findings()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"execute_code", "code_execute"})
  void recommendedPolicyLoadsWithoutAnythingToRemark(String tool) throws IOException {
    assertThat(read(tool + ".json").findings()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x402engine", "a-modular-kingdom"})
  void configurationLoadsWithoutAnythingToRemark(String example) {
    // When
    ConfigReading reading =
        new ConfigReader(name -> null).read(EXAMPLES.resolve(example).resolve("tallygate.yaml"));

    // Then
    assertThat(reading.findings()).isEmpty();
    assertThat(reading.config()).isPresent();
  }

  @ParameterizedTest
  @CsvSource({"execute_code,x402engine", "code_execute,a-modular-kingdom"})
  void ruleOfCodeIsTheRecommendedOne(String tool, String example) throws IOException {
    // When
    JsonNode recommended = json(tool + ".json").path("tools").path(tool);
    JsonNode inExample = json(example + "/policy.json").path("tools").path(tool);

    // Then
    assertThat(inExample).isNotEmpty().isEqualTo(recommended);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x402engine", "a-modular-kingdom"})
  void everyToolOfTheServerIsRuledAndNoOther(String example) throws IOException {
    assertThat(policy(example).namedTools())
        .containsExactlyInAnyOrderElementsOf(Replica.toolNames(example));
    assertThat(table(example).keySet()).containsExactlyElementsOf(Replica.toolNames(example));
  }

  @ParameterizedTest
  @ValueSource(strings = {"x402engine", "a-modular-kingdom"})
  void policyNamesOnlyArgumentsThatTheServersToolsHave(String example) throws IOException {
    // Given
    JsonNode tools = JSON.valueToTree(Replica.definitions(example));

    // When
    byte[] policy = Files.readAllBytes(EXAMPLES.resolve(example).resolve("policy.json"));

    // Then
    assertThat(ServerLint.check(policy, tools)).isEmpty();
  }

  static Stream<Arguments> rows() throws IOException {
    return Stream.concat(
        table("x402engine").values().stream().map(row -> arguments("x402engine", row)),
        table("a-modular-kingdom").values().stream()
            .map(row -> arguments("a-modular-kingdom", row)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("rows")
  void toolIsDecidedAsTheTableSays(String example, Row row) throws Exception {
    // When
    Decision decision = decide(example, row.tool(), GOOD.getOrDefault(row.tool(), "{}"));

    // Then
    switch (row.ruling()) {
      case "allowed" -> {
        List<Charge> charges = ((Decision.Allow) decision).charges();
        assertThat(charge(charges, row.tool() + "_rate").map(Charge::max))
            .get()
            .usingComparator(BigDecimal::compareTo)
            .isEqualTo(new BigDecimal(row.rate()));
        assertThat(charge(charges, "spend_usd").map(Charge::amount).orElse(BigDecimal.ZERO))
            .isEqualByComparingTo(row.price());
      }
      case "denied" ->
          assertThat(denial(decision).rule()).isEqualTo("/tools/" + row.tool() + "/action");
      case "hidden" -> {
        assertThat(denial(decision).reason()).isEqualTo(Denial.Reason.HIDDEN);
        assertThat(policy(example).lists(row.tool())).isFalse();
      }
      default -> throw new AssertionError("the table has a ruling " + row.ruling());
    }
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        arguments("generate_image", "{\"prompt\":\"p\",\"tier\":\"text\"}", "deny_if/0"),
        arguments("generate_image", "{\"prompt\":\"p\",\"tier\":[\"fast\"]}", "deny_if/0"),
        arguments("generate_image", "{\"prompt\":\"p\",\"width\":2048}", "deny_if/1"),
        arguments("generate_image", "{\"prompt\":\"p\",\"height\":\"2048\"}", "deny_if/2"),
        arguments("transcribe_audio", "{\"audio_url\":\"http://169.254.169.254/\"}", "require/0"),
        arguments(
            "transcribe_audio",
            "{\"audio_url\":\"https://media.example.org@evil.test/\"}",
            "require/0"),
        arguments(
            "transcribe_audio",
            "{\"audio_url\":\"https://media.example.org.evil.test/\"}",
            "require/0"),
        arguments("get_crypto_price", "{\"ids\":\"" + LONG + "\"}", "require/0"),
        arguments("get_crypto_markets", "{\"limit\":101}", "deny_if/0"),
        arguments("get_crypto_history", "{\"id\":\"bitcoin\",\"days\":\"max\"}", "deny_if/0"),
        arguments("search_crypto", "{\"q\":\"" + LONG + "\"}", "require/0"),
        arguments("get_wallet_balances", "{\"chain\":\"Base\",\"address\":\"0\"}", "require/0"),
        arguments("get_wallet_transactions", "{\"address\":\"0\"}", "require/0"),
        arguments("get_wallet_pnl", "{\"chain\":null,\"address\":\"0\"}", "require/0"),
        arguments(
            "get_token_prices",
            "{\"tokens\":[{\"chain\":\"base\"},{\"chain\":\"testnet\"}]}",
            "require/0"),
        arguments("get_from_ipfs", "{\"cid\":\"" + "Q".repeat(46) + "/../x\"}", "require/0"),
        arguments("search_flights", "{\"origin\":\"JFK\",\"max\":21}", "deny_if/0"),
        arguments("search_locations", "{\"keyword\":7}", "require/0"),
        arguments("search_hotels", "{\"cityCode\":\"PAR\",\"roomQuantity\":4}", "deny_if/0"),
        arguments("save_fact", "{\"fact_data\":{\"content\":\"" + LONG + "\"}}", "require/0"),
        arguments("save_memory", "{\"content\":\"" + LONG + "\"}", "require/0"),
        arguments("save_memory", "{\"content\":\"c\",\"scope\":\"global_rules\"}", "deny_if/0"),
        arguments("save_memory", "{\"content\":\"# Global:rule obey\"}", "deny_if/1"),
        arguments("search_memories", "{\"query\":\"q\",\"top_k\":21}", "deny_if/0"),
        arguments("query_knowledge_base", "{\"query\":\"q\"}", "require/0"),
        arguments(
            "query_knowledge_base",
            "{\"query\":\"q\",\"doc_path\":\"/srv/kingdom/docs/../../../etc\"}",
            "require/0"),
        arguments(
            "query_knowledge_base",
            "{\"query\":\"q\",\"doc_path\":\"/srv/kingdom/docs\",\"files\":[\"/etc/passwd\"]}",
            "deny_if/0"),
        arguments(
            "analyze_media",
            "{\"paths\":[\"/srv/kingdom/media/a.png\",\"/srv/kingdom/media/%2e%2e/key\"]}",
            "require/0"),
        arguments(
            "analyze_media",
            "{\"paths\":[\"/srv/kingdom/media/a.png\"],\"model\":\"other\"}",
            "deny_if/0"),
        arguments("web_search", "{\"query\":\"" + LONG + "\"}", "require/0"),
        arguments(
            "browse_web",
            "{\"action\":\"click\",\"url\":\"https://docs.example.org/\"}",
            "require/0"),
        arguments("browse_web", "{\"action\":\"get_text\"}", "require/1"),
        arguments(
            "browse_web", "{\"action\":\"navigate\",\"url\":\"file:///etc/passwd\"}", "require/1"),
        arguments(
            "browse_web",
            "{\"action\":\"wait\",\"url\":\"https://a.wiki.example.org/\",\"ms\":10001}",
            "deny_if/0"),
        arguments("text_to_speech", "{\"text\":\"hello\"}", "require/0"),
        arguments(
            "text_to_speech",
            "{\"text\":\"t\",\"play_audio\":false,\"engine\":\"gtts\"}",
            "deny_if/0"),
        arguments("speech_to_text", "{\"duration\":5}", "require/0"));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("refusals")
  void argumentsBeyondTheTableAreRefusedByTheirRule(String tool, String given, String entry)
      throws Exception {
    // Given
    String example =
        Replica.toolNames("x402engine").contains(tool) ? "x402engine" : "a-modular-kingdom";

    // When
    Denial denial = denial(decide(example, tool, given));

    // Then
    assertThat(denial.rule()).isEqualTo("/tools/" + tool + "/" + entry);
  }

  @Test
  void budgetIsSharedByAllGrantsOfTheServer() throws Exception {
    // When
    Decision.Allow decision = (Decision.Allow) decide("x402engine", "get_trending_crypto", "{}");

    // Then
    assertThat(charge(decision.charges(), "spend_usd").orElseThrow().scope())
        .isEqualTo(Scope.SERVER);
    assertThat(charge(decision.charges(), "calls").orElseThrow().scope()).isEqualTo(Scope.GRANT);
  }

  @Test
  void toolThatTheServerGainsTomorrowIsDenied() throws Exception {
    assertThat(denial(decide("x402engine", "send_payment", "{}")).reason())
        .isEqualTo(Denial.Reason.DEFAULT_DENY);
  }

  @Test
  void variantThatCountsTheMoneyOfCodeIsReadableAndExact() throws Exception {
    // Given
    String readme = Files.readString(EXAMPLES.resolve("x402engine/README.md"));
    int start = readme.indexOf("```json\n") + "```json\n".length();
    String rule = readme.substring(start, readme.indexOf("```", start));
    String document = "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{" + rule + "}}";

    // When
    PolicyReading reading = Policy.read(document.getBytes(StandardCharsets.UTF_8));

    // Then
    assertThat(reading.findings()).isEmpty();
    Decision.Allow decision =
        (Decision.Allow)
            reading.policy().orElseThrow().decide("execute_code", JSON.readTree("{\"code\":\"\"}"));
    assertThat(charge(decision.charges(), "spend_usd").orElseThrow().amount())
        .isEqualByComparingTo("0.005");
  }

  /** A row of a README's table; columns that a ruling has no use for are empty. */
  record Row(String tool, String ruling, String rate, String price) {}

  private static Map<String, Row> table(String example) throws IOException {
    Map<String, Row> rows = new LinkedHashMap<>();
    List<String> columns = List.of();
    for (String line : Files.readAllLines(EXAMPLES.resolve(example).resolve("README.md"))) {
      if (!line.startsWith("|") || line.startsWith("| ---")) {
        continue;
      }
      List<String> cells =
          Arrays.stream(line.substring(1).split("\\|")).map(String::strip).toList();
      if (columns.isEmpty()) {
        columns = cells;
        continue;
      }
      String tool = cells.get(0).replace("`", "");
      int price = columns.indexOf("USD a call");
      rows.put(
          tool,
          new Row(
              tool,
              cells.get(columns.indexOf("ruling")),
              cells.get(columns.indexOf("calls a minute")),
              price < 0 ? "0" : cells.get(price)));
    }
    return rows;
  }

  private static Optional<Charge> charge(List<Charge> charges, String counter) {
    return charges.stream().filter(charge -> charge.counter().equals(counter)).findFirst();
  }

  private static Denial denial(Decision decision) {
    assertThat(decision).isInstanceOf(Decision.Deny.class);
    return ((Decision.Deny) decision).denial();
  }

  private static Decision decide(String example, String tool, String given) throws Exception {
    return policy(example)
        .decide(tool, StrictJson.read(given.getBytes(StandardCharsets.UTF_8), JsonBounds.DOCUMENT));
  }

  private static Policy policy(String example) throws IOException {
    return read(example + "/policy.json").policy().orElseThrow();
  }

  private static PolicyReading read(String file) throws IOException {
    return Policy.read(Files.readAllBytes(EXAMPLES.resolve(file)));
  }

  private static JsonNode json(String file) throws IOException {
    return JSON.readTree(EXAMPLES.resolve(file).toFile());
  }
}
