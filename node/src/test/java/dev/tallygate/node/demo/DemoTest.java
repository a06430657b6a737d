package dev.tallygate.node.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class DemoTest {
  @Test
  void tenCallsPassAndTheEleventhIsRefused() throws Exception {
    // Given
    StringWriter told = new StringWriter();

    // When
    boolean asTold;
    try (Demo demo = Demo.start(new PrintWriter(told))) {
      asTold = demo.show();
    }

    // Then
    assertThat(asTold).isTrue();
    assertThat(told.toString())
        .contains("call 10  passed")
        .containsPattern("call 11  REFUSED  10 calls a minute for this grant are used up; retry in")
        .contains("The server itself saw 10 calls of execute_code.")
        .contains("and verifies:")
        .contains("outcome=\"limit\",} 1.0")
        .contains("\"Authorization\": \"Bearer tg_");
  }
}
