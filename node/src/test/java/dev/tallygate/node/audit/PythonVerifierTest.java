package dev.tallygate.node.audit;

import static dev.tallygate.node.audit.AuditFixtures.lines;
import static dev.tallygate.node.audit.AuditFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script in docs/audit.md, as a reader would run it. */
class PythonVerifierTest {
  @TempDir Path directory;
  private Path script;
  private AuditSettings settings;

  private record Run(int exit, String output) {}

  @BeforeEach
  void takeTheScriptFromTheDocumentation() throws Exception {
    Assumptions.assumeTrue(hasPython(), "python3 is not installed");
    String page = Files.readString(documentation());
    int from = page.indexOf("```python\n") + "```python\n".length();
    script = directory.resolve("verify.py");
    Files.writeString(script, page.substring(from, page.indexOf("```", from)));
    settings = AuditSettings.of(directory.resolve("audit.jsonl"), "node-a").withRotation(2048, 0);
    write(settings, 20);
  }

  @Test
  void scriptAgreesOnASoundLog() throws Exception {
    // Given
    AuditVerifier.Result expected = AuditFixtures.verify(settings);
    // When
    Run run = runScript();
    // Then
    assertThat(run)
        .isEqualTo(new Run(0, "ok: " + expected.records() + " records, head " + expected.head()));
  }

  @Test
  void scriptFindsAnEditedLine() throws Exception {
    // Given
    List<String> lines = lines(settings.file());
    lines.set(0, lines.get(0).replace("node-a", "node-b"));
    lines(settings.file(), lines);
    // When
    Run run = runScript();
    // Then
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.output()).contains("audit.jsonl, line 1");
  }

  private Run runScript() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("python3", script.toString()));
    command.add(settings.keyFile().toString());
    new LogFiles(settings.file()).rotated().values().forEach(p -> command.add(p.toString()));
    command.add(settings.file().toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    return new Run(process.waitFor(), output);
  }

  private static boolean hasPython() throws InterruptedException {
    try {
      Process process = new ProcessBuilder("python3", "--version").start();
      return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Path documentation() {
    Path here = Path.of("").toAbsolutePath();
    while (here != null && !Files.exists(here.resolve("docs/audit.md"))) {
      here = here.getParent();
    }
    assertThat(here).as("docs/audit.md above the working directory").isNotNull();
    return here.resolve("docs/audit.md");
  }
}
