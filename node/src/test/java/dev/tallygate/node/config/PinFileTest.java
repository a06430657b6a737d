package dev.tallygate.node.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.policy.Finding;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PinFileTest {
  private static final Definition ECHO =
      definition("{\"name\":\"echo\",\"n\":1.50,\"t\":\"é\u2028\"}");
  private static final Definition OTHER = definition("{\"name\":\"echo\",\"n\":2}");

  @TempDir private Path directory;

  private static Definition definition(String json) {
    try {
      return Definition.of(new JsonMapper().readTree(json));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Map<String, ServerPins> pins(Definition... definitions) {
    return Map.of(
        "s",
        ServerPins.of(
            Map.of(
                PinKey.tool("echo"),
                List.of(definitions),
                PinKey.INSTRUCTIONS,
                List.of(definition("\"Be careful.\"")))));
  }

  private static List<Finding> findings(String text) {
    List<Finding> findings = new ArrayList<>();
    PinFile.read(text.getBytes(StandardCharsets.UTF_8), findings);
    return findings;
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    List<Finding> findings = new ArrayList<>();
    assertThat(PinFile.read(PinFile.format(pins(ECHO, OTHER)), findings))
        .isEqualTo(pins(ECHO, OTHER));
    assertThat(findings).isEmpty();
  }

  @Test
  void textIsTheSameWhateverTheOrderOfThings() throws IOException {
    Map<PinKey, List<Definition>> things = new HashMap<>();
    for (int i = 50; i > 0; i--) {
      things.put(PinKey.tool("t" + i), List.of(ECHO));
    }
    String text =
        new String(PinFile.format(Map.of("s", ServerPins.of(things))), StandardCharsets.UTF_8);
    assertThat(text.indexOf("\"t1\"")).isLessThan(text.indexOf("\"t2\""));
    assertThat(text).endsWith("}\n").doesNotContain("\r");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | version 1",
        "[] | version 1",
        "{\"lockVersion\":2,\"servers\":{}} | version 1",
        "{\"lockVersion\":1,\"server\":{}} | does not belong",
        "{\"lockVersion\":1,\"servers\":{\"s\":{\"tool\":{}}}} | tools, prompts and instructions",
        "{\"lockVersion\":1,\"servers\":{\"s\":{\"tools\":{\"a\":[]}}}} | must be a list",
        "{\"lockVersion\":1,\"servers\":{\"s\":{\"tools\":{\"a\":[{\"sha256\":\"00\"}]}}}} | must be {sha256",
        "{\"lockVersion\":1,\"servers\":{\"s\":{\"tools\":{\"a\":[{\"sha256\":\"00\",\"definition\":{}}]}}}} | changed by hand",
        "{\"lockVersion\":1,\"servers\":{},\"servers\":{}} | twice",
        "{\"lockVersion\":1,\"servers\" | end-of-input",
      })
  void whatIsWrongIsToldWithItsPlace(String text, String message) {
    assertThat(findings(text)).anyMatch(finding -> finding.message().contains(message));
  }

  @Test
  void digestThatIsNotThatOfTheDefinitionIsRefusedWhereItStands() throws IOException {
    String tampered =
        new String(PinFile.format(pins(ECHO)), StandardCharsets.UTF_8).replace("1.5", "1.6");
    assertThat(findings(tampered))
        .singleElement()
        .satisfies(finding -> assertThat(finding.pointer()).isEqualTo("/servers/s/tools/echo/0"));
  }

  @Test
  void fileIsMadeWhereThereIsNone() throws IOException {
    Path file = directory.resolve("t.lock.json");
    PinFile.change(file, before -> pins(ECHO));
    assertThat(PinFile.change(file, before -> before)).isEqualTo(pins(ECHO));
  }

  @Test
  void fileThatCannotBeReadIsLeftAsItIs() throws IOException {
    Path file = Files.writeString(directory.resolve("t.lock.json"), "{\"lockVersion\":1,");
    assertThatThrownBy(() -> PinFile.change(file, before -> pins(ECHO)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("t.lock.json");
    assertThat(file).hasContent("{\"lockVersion\":1,");
  }

  @Test
  void writersThatComeTogetherLoseNothing() throws Exception {
    // Given
    Path file = directory.resolve("t.lock.json");
    ExecutorService writers = Executors.newFixedThreadPool(8);

    // When
    for (int i = 0; i < 40; i++) {
      String server = "s" + i;
      writers.submit(
          () ->
              PinFile.change(
                  file,
                  before -> {
                    Map<String, ServerPins> after = new HashMap<>(before);
                    after.put(server, pins(ECHO).get("s"));
                    return after;
                  }));
    }
    writers.shutdown();
    assertThat(writers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();

    // Then
    assertThat(PinFile.change(file, before -> before)).hasSize(40);
  }

  @Test
  void firstOfTwoNodesWinsAndOtherVersionsJoinIt() throws Exception {
    // Given
    Path file = directory.resolve("t.lock.json");
    JsonNode text = ECHO.value();
    Definition legacy =
        Definition.of(
            ((com.fasterxml.jackson.databind.node.ObjectNode) text.deepCopy()).put("x", 1));
    PinKey echo = PinKey.tool("echo");

    // When
    try (PinKeeper first = new PinKeeper(file)) {
      first.keep("s", Map.of(echo, List.of(ECHO)));
    }
    try (PinKeeper second = new PinKeeper(file)) {
      second.keep("s", Map.of(echo, List.of(OTHER)));
    }
    try (PinKeeper first = new PinKeeper(file)) {
      first.keep("s", Map.of(echo, List.of(ECHO, legacy)));
    }

    // Then
    assertThat(PinFile.change(file, before -> before).get("s").of(echo))
        .containsExactly(ECHO, legacy);
  }

  @Test
  void whatCannotBeWrittenKeepsNobodyElseOut() throws Exception {
    // Given: little as canonical JSON, and a hundred megabytes with a line for each value
    Path file = directory.resolve("t.lock.json");
    Definition wide = definition("[".repeat(190) + "1" + ",1".repeat(250_000) + "]".repeat(190));
    PinKeeper keeper = new PinKeeper(file);

    // When
    keeper.keep("hostile", Map.of(PinKey.tool("echo"), List.of(wide)));
    keeper.keep("s", Map.of(PinKey.tool("echo"), List.of(ECHO)));
    keeper.close();

    // Then
    assertThat(PinFile.change(file, before -> before)).containsOnlyKeys("s");
    assertThat(keeper.problem().orElseThrow()).contains("hostile", "larger than");
  }

  @Test
  void whatCouldNotBeWrittenIsWrittenLater() throws Exception {
    // Given
    Path folder = directory.resolve("later");
    Path file = folder.resolve("t.lock.json");
    PinKeeper keeper = new PinKeeper(file);
    keeper.keep("one", Map.of(PinKey.tool("echo"), List.of(ECHO)));
    await().until(() -> keeper.problem().isPresent());

    // When
    Files.createDirectory(folder);
    keeper.keep("two", Map.of(PinKey.tool("echo"), List.of(ECHO)));
    keeper.close();

    // Then
    assertThat(PinFile.change(file, before -> before)).containsOnlyKeys("one", "two");
    assertThat(keeper.problem()).isEmpty();
  }

  @Test
  void folderThatCannotBeWrittenIsToldInWords() {
    assertThatThrownBy(() -> PinFile.change(directory.resolve("no/t.lock.json"), before -> before))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot be made");
  }

  @Test
  void keeperTellsThatItCannotWrite() throws Exception {
    PinKeeper keeper = new PinKeeper(directory.resolve("no/such/folder/t.lock.json"));
    keeper.keep("s", Map.of(PinKey.tool("echo"), List.of(ECHO)));
    keeper.close();
    assertThat(keeper.problem()).isPresent();
  }
}
