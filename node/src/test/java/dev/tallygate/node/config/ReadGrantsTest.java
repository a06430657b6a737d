package dev.tallygate.node.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Sealing;
import dev.tallygate.registry.Sha256;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Grants that were read before are what they would be if they were read again. */
class ReadGrantsTest {
  private static final String SOURCE = RegistryDocument.ADMIN;

  private final DocumentCompiler compiler = compiler();

  private static DocumentCompiler compiler() {
    return new DocumentCompiler(
        Path.of("tallygate.yaml"), name -> null, new Sealing("a secret of the cluster"));
  }

  private static RegistryDocument document(List<String> servers, List<String> grants) {
    String text =
        "{\"servers\":{"
            + String.join(
                ",",
                servers.stream().map(name -> '"' + name + "\":{\"url\":\"http://h/mcp\"}").toList())
            + "},\"policies\":{\"some\":{\"version\":\"1\",\"default\":\"allow\",\"tools\":{}}},"
            + "\"grants\":["
            + String.join(",", grants)
            + "]}";
    try {
      return RegistryDocument.EMPTY.replacing(
          SOURCE, RegistryDocument.readDeclared(text.getBytes(StandardCharsets.UTF_8)));
    } catch (DocumentRefused e) {
      throw new AssertionError(e);
    }
  }

  private static String grant(String label, String server, String token, String more) {
    return "{\"label\":\"%s\",\"server\":\"%s\",\"policy\":\"some\",\"tokenSha256\":\"%s\"%s}"
        .formatted(label, server, Sha256.of(token).hex(), more);
  }

  private static Object outcome(DocumentCompiler by, RegistryDocument document, boolean strict) {
    try {
      by.check(document, strict ? Optional.of(SOURCE) : Optional.empty());
      return by.compile(document).grants();
    } catch (DocumentRefused e) {
      return e.errors();
    }
  }

  @Test
  void onlyTheGrantThatChangedIsReadAgain() throws DocumentRefused {
    // Given
    List<Grant> before =
        compiler
            .compile(
                document(List.of("s"), List.of(grant("a", "s", "1", ""), grant("b", "s", "2", ""))))
            .grants();

    // When
    List<Grant> after =
        compiler
            .compile(
                document(List.of("s"), List.of(grant("a", "s", "1", ""), grant("b", "s", "3", ""))))
            .grants();

    // Then
    assertThat(after.get(0)).isSameAs(before.get(0));
    assertThat(after.get(1).tokens().get(0).sha256()).isEqualTo(Sha256.of("3"));
  }

  @Property(tries = 300)
  void whateverWasReadBeforeTheOutcomeIsThatOfAReadingAnew(@ForAll long seed) {
    // Given
    Random random = new Random(seed);
    DocumentCompiler remembering = compiler();
    for (int i = 0; i < 6; i++) {
      List<String> grants = new ArrayList<>();
      for (int number = random.nextInt(4); number >= 0; number--) {
        grants.add(
            grant(
                random.nextInt(20) == 0 ? "not a label" : "g" + random.nextInt(6),
                "s" + random.nextInt(2),
                "t" + random.nextInt(6),
                List.of("", "", ",\"expires\":\"2027-01-01T00:00:00Z\"", ",\"id\":\"i\"")
                    .get(random.nextInt(4))));
      }
      RegistryDocument document =
          document(random.nextInt(4) == 0 ? List.of("s0") : List.of("s0", "s1"), grants);
      boolean strict = random.nextBoolean();

      // When
      Object outcome = outcome(remembering, document, strict);

      // Then
      assertThat(outcome).isEqualTo(outcome(compiler(), document, strict));
    }
  }
}
