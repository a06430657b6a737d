package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.TestCertificate;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestGate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CallCommandTest {
  private static final String ECHO_ONLY =
      "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"echo\":{}}}";

  @TempDir private Path directory;

  private FixtureServer server;
  private TestGate gate;

  @BeforeEach
  void start() {
    server = FixtureServer.start(Tool.named("echo"), Tool.named("delete"));
    gate = TestGate.before("one", server).policy("p", ECHO_ONLY).grant("ci", "one", "p");
  }

  @AfterEach
  void stop() {
    gate.close();
    server.close();
  }

  private CommandRun call(String... more) throws IOException {
    Path token = directory.resolve("token");
    Files.writeString(token, gate.token("ci") + "\n");
    List<String> all = new ArrayList<>(List.of("call", "--token-file", token.toString()));
    all.addAll(List.of("--url", gate.url("one").toString()));
    all.addAll(List.of(more));
    return CommandRun.of(all.toArray(String[]::new));
  }

  @Test
  void aCallThatPassesPrintsItsResult() throws IOException {
    // Given
    gate.start();

    // When
    CommandRun ran = call("--tool", "echo", "--args", "{\"text\": \"hello\"}");

    // Then
    assertThat(ran.err()).isEmpty();
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).contains("\"content\"");
    assertThat(server.calls("echo")).isEqualTo(1);
  }

  @Test
  void anAnswerThatComesAsAStreamIsUnderstood() throws IOException {
    // Given
    server.answer("tools/call", Answer.sse());
    gate.start();

    // When // Then
    assertThat(call("--tool", "echo").exit()).isZero();
  }

  @Test
  void aCallThatThePolicyDeniesExitsWithOneAndTheReason() throws IOException {
    // Given
    gate.start();

    // When
    CommandRun ran = call("--tool", "delete");

    // Then
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).contains("not one of them");
    assertThat(server.calls("delete")).isZero();
  }

  @Test
  void withoutAToolItPrintsThoseItIsShown() throws IOException {
    // Given
    gate.start();

    // When // Then
    assertThat(call().out().lines()).containsExactly("echo", "delete");
  }

  @Test
  void aWrongTokenIsSaidAndNotShown() throws IOException {
    // Given
    gate.start();
    Path wrong = directory.resolve("wrong");
    Files.writeString(wrong, "tg_nobody");

    // When
    CommandRun ran =
        CommandRun.of(
            "call", "--url", gate.url("one").toString(), "--token-file", wrong.toString());

    // Then
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).contains("401").doesNotContain("tg_nobody");
  }

  @Test
  void itTriesAgainUntilTheCallPasses() throws IOException {
    // Given
    server.answerNext("tools/call", Answer.status(503));
    gate.start();

    // When // Then
    assertThat(call("--tool", "echo", "--retry", "20s").exit()).isZero();
  }

  @Test
  void onlyTheCertificateItIsToldOfIsTaken() throws IOException {
    // Given
    TestCertificate own = TestCertificate.of("EC", 1);
    gate.tls(own).start();
    Path pem = Files.writeString(directory.resolve("own.pem"), own.pem());
    Path other =
        Files.writeString(directory.resolve("other.pem"), TestCertificate.of("EC", 1).pem());

    // When // Then
    assertThat(call("--tool", "echo", "--trust", pem.toString()).exit()).isZero();
    assertThat(call("--tool", "echo", "--trust", other.toString()).err()).contains("certificate");
    assertThat(call("--tool", "echo").exit()).isEqualTo(1);
  }
}
