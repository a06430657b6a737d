package dev.tallygate.node.config;

import static dev.tallygate.node.config.ConfigFolder.BASE;
import static dev.tallygate.node.config.ConfigFolder.HASH_A;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.config.YamlNode.Mapping;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Texts that nobody would write: they are read or refused, never worse. */
class HostileTextTest {
  private static final String TEXT =
      BASE + "grants:\n  - { label: ci, server: files, tokenSha256: \"" + HASH_A + "\" } # c\n";

  /** A good text with some pieces of YAML put in, at any place, over what was there. */
  @Provide
  Arbitrary<String> mutilated() {
    Arbitrary<String> piece =
        Arbitraries.of(
            "\n",
            "\r",
            "\t",
            " ",
            "  ",
            "- ",
            ": ",
            ", ",
            "#",
            " #",
            "[",
            "]",
            "{",
            "}",
            "'",
            "\"",
            "|\n",
            ">-\n",
            "? ",
            "&a ",
            "*a",
            "!!",
            "---\n",
            "...\n",
            "%",
            "`",
            "\\",
            "\0",
            "😀",
            "null",
            "grants:\n");
    Arbitrary<Integer> place = Arbitraries.integers().between(0, TEXT.length() - 1);
    Arbitrary<Integer> dropped = Arbitraries.integers().between(0, 3);
    return Combinators.combine(piece, place, dropped)
        .as(
            (inserted, at, length) ->
                List.<Object>of(inserted, at, Math.min(TEXT.length(), at + length)))
        .list()
        .ofMinSize(1)
        .ofMaxSize(3)
        .map(HostileTextTest::applied);
  }

  private static String applied(List<List<Object>> changes) {
    String text = TEXT;
    for (List<Object> change : changes) {
      int from = Math.min((int) change.get(1), text.length());
      int to = Math.min((int) change.get(2), text.length());
      text = text.substring(0, from) + change.get(0) + text.substring(Math.max(from, to));
    }
    return text;
  }

  @Property(tries = 2000)
  void anyTextIsReadOrRefusedWithAPlace(@ForAll("mutilated") String text) {
    // When
    ConfigReading reading = new ConfigReader().readAlone(Path.of("tallygate.yaml"), text);

    // Then
    assertThat(reading.config().isPresent()).isEqualTo(reading.errors().isEmpty());
    assertThat(reading.findings())
        .allSatisfy(
            finding -> {
              assertThat(finding.finding().position().line())
                  .isBetween(1, (int) text.chars().filter(c -> c == '\n' || c == '\r').count() + 2);
              assertThat(finding.finding().position().column()).isPositive();
            });
  }

  @Example
  void aLoneCarriageReturnBeginsALine() throws YamlRefused {
    whatIsReadCanBeAddedTo(TEXT.replace("grants:\n  -", "grants:\n \r -"));
  }

  /** The editor refuses a result that says something else; here it is asked how often that is. */
  @Property(tries = 2000)
  void whatIsReadCanBeAddedTo(@ForAll("mutilated") String text) throws YamlRefused {
    // Given
    ConfigReading reading = new ConfigReader().readAlone(Path.of("tallygate.yaml"), text);
    if (reading.config().isEmpty() || text.contains("&")) {
      return;
    }
    Mapping root = (Mapping) YamlReader.read(text).orElseThrow();
    Map<String, Object> expected = new LinkedHashMap<>();
    root.entries().forEach(entry -> expected.put(entry.key().text(), entry.value().data()));
    List<Object> grants = new ArrayList<>();
    if (expected.get("grants") instanceof List<?> before) {
      grants.addAll(before);
    }
    Map<String, String> item = new LinkedHashMap<>();
    item.put("label", "new");
    item.put("server", "files");
    grants.add(item);
    expected.put("grants", grants);

    // When
    YamlEdit edit = new YamlEdit(text, root);
    edit.addItem(root, "grants", item);

    // Then
    assertThat(YamlReader.read(edit.result()).orElseThrow().data()).isEqualTo(expected);
  }
}
