package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** What the documents say of the command line, and what it says itself when it is used wrongly. */
class CommandReferenceTest {
  private static final Path HOME = Path.of("..");
  private static final Pattern INVOCATION =
      Pattern.compile(
          "tallygate ((?:[a-z]+)(?: (?:mint|list|rotate|revoke|verify|tail|diff|accept))?)( [^`\n|]*)?");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** Every use of a command in code, in README.md and docs. */
  static Stream<String> invocations() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(HOME.resolve("README.md")));
    try (Stream<Path> docs = Files.list(HOME.resolve("docs"))) {
      docs.filter(page -> page.toString().endsWith(".md")).forEach(pages::add);
    }
    List<String> found = new ArrayList<>();
    for (Path page : pages) {
      for (String line : Files.readAllLines(page)) {
        boolean isCode =
            line.contains("`tallygate ") || line.matches("( *|\\$ |.*\\./)tallygate .*");
        if (isCode) {
          INVOCATION.matcher(line).results().map(MatchResult::group).forEach(found::add);
        }
      }
    }
    return found.stream().distinct();
  }

  @ParameterizedTest
  @MethodSource("invocations")
  void everyCommandAndOptionInTheDocumentsExists(String invocation) {
    // Given
    CommandLine command = TallygateCommand.line();
    String[] words = invocation.substring("tallygate ".length()).strip().split(" +");

    // When // Then
    int at = 0;
    while (at < words.length && command.getSubcommands().containsKey(words[at])) {
      command = command.getSubcommands().get(words[at++]);
    }
    assertThat(at).as("a command in %s", invocation).isPositive();
    CommandSpec spec = command.getCommandSpec();
    for (String word : words) {
      if (word.matches("--?[a-z-]+")) {
        assertThat(spec.optionsMap()).as(invocation).containsKey(word);
      }
    }
  }

  @Test
  void theDocumentsUseMostCommands() throws IOException {
    assertThat(invocations().count()).isGreaterThan(10);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "serve",
        "serve --config",
        "serve --confg t.yaml",
        "validate",
        "import",
        "explain --tool x",
        "explain --policy p.json --config c.yaml --grant g --tool x",
        "grant nonsense",
        "grant mint",
        "grant rotate",
        "grant rotate --overlap soon alice -c t.yaml",
        "pin accept everything -c t.yaml",
        "state",
        "call --url http://127.0.0.1:1/mcp",
        "call --url nowhere --token-file t",
        "call --url http://127.0.0.1:1/mcp --token-file t --args [1]",
        "call --url http://127.0.0.1:1/mcp --token-file t --retry soon",
        "demo --server 3901",
        "cluster nonsense",
        "cluster status",
        "audit nonsense",
        "audit tail -n x audit.jsonl",
        "audit tail -n -1 audit.jsonl",
      })
  void wrongUseGivesTwoAndOneLineBesideTheWayToHelp(String arguments) {
    // When
    int exit = run(arguments.split(" "));

    // Then
    assertThat(exit).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString().lines()).hasSize(2);
    assertThat(err.toString().lines().toList().get(1)).matches("See `tallygate.* --help`\\.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "grant", "cluster", "audit"})
  void whereNoCommandIsNamedAllAreShown(String group) {
    // When
    int exit = group.isEmpty() ? run() : run(group);

    // Then
    assertThat(exit).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).contains("Commands:");
  }

  @Test
  void anUnknownCommandIsAnsweredWithTheKnown() {
    // When
    run("nonsense");

    // Then
    assertThat(err.toString()).contains("`nonsense`", "serve", "demo", "validate");
  }

  private int run(String... arguments) {
    return TallygateCommand.line()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
