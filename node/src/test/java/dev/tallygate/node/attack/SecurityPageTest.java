package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SecurityPageTest {
  private static final Path HOME = Path.of("..");
  private static final Path CLASSES = Path.of("src/test/java/dev/tallygate/node/attack");

  private static Set<String> namedOnThePage() throws IOException {
    return Pattern.compile("A\\d\\d\\w+Test")
        .matcher(Files.readString(HOME.resolve("SECURITY.md")))
        .results()
        .map(MatchResult::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void everyAttackIsOnThePageWithItsTest() throws IOException {
    // Given
    Set<String> classes;
    try (Stream<Path> files = Files.list(CLASSES)) {
      classes =
          files
              .map(file -> file.getFileName().toString().replace(".java", ""))
              .filter(name -> name.matches("A\\d\\d.*"))
              .collect(Collectors.toCollection(TreeSet::new));
    }

    // Then
    assertThat(namedOnThePage()).isEqualTo(classes);
  }

  @Test
  void noRowIsLeftOut() throws IOException {
    String page = Files.readString(HOME.resolve("SECURITY.md"));
    assertThat(IntStream.rangeClosed(1, 37).mapToObj(row -> "| A" + row + " |"))
        .allMatch(page::contains);
  }

  @Test
  void eachClassSaysWhatHappensWithoutItsDefence() throws IOException {
    for (String name : namedOnThePage()) {
      String source = Files.readString(CLASSES.resolve(name + ".java"));
      String about = source.substring(0, source.indexOf("class " + name));
      assertThat(about).as(name).contains("<p>").containsPattern("[Ww]ithout|[Ww]here|[Ww]ith ");
    }
  }
}
