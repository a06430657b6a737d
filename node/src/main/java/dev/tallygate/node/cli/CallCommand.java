package dev.tallygate.node.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.config.Units;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tallygate call}: one call as an agent makes it, to see whether it passes. */
@Command(
    name = "call",
    mixinStandardHelpOptions = true,
    description = {
      "Calls a tool as an MCP client does, and prints its result; without --tool, the names of the"
          + " tools that it is shown.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:the call passed", "1:it was refused, or failed", "2:wrong use"})
final class CallCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PAUSE_MILLIS = 1_000;

  @Spec private CommandSpec spec;

  @Option(
      names = "--url",
      required = true,
      paramLabel = "URL",
      description = "Where to call, such as http://127.0.0.1:8080/mcp/everything.")
  private URI url;

  @Option(
      names = "--token-file",
      required = true,
      paramLabel = "FILE",
      description = "Holds the grant's token.")
  private Path tokenFile;

  @Option(names = "--tool", paramLabel = "NAME", description = "The tool to call.")
  private Optional<String> tool;

  @Option(
      names = "--args",
      paramLabel = "JSON",
      defaultValue = "{}",
      description = "Its arguments, a JSON object; default: ${DEFAULT-VALUE}.")
  private String arguments;

  @Option(
      names = "--retry",
      paramLabel = "DURATION",
      defaultValue = "0s",
      description = "For how long to try again what does not pass, such as 30s.")
  private String retry;

  @Option(
      names = "--trust",
      paramLabel = "FILE",
      description = "PEM file of the only certificate to take, whatever its name says.")
  private Optional<Path> certificate;

  @Override
  public Integer call() throws InterruptedException {
    Duration patience =
        Units.duration(retry).orElseThrow(() -> wrong("--retry must be a duration, such as 30s"));
    if (url.getHost() == null || !String.valueOf(url.getScheme()).matches("https?")) {
      throw wrong("--url must be an absolute http or https URL");
    }
    ObjectNode given = given();
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        JsonNode result = once(given);
        if (!result.path("isError").asBoolean()) {
          print(result);
          return 0;
        }
        if (System.nanoTime() > end) {
          spec.commandLine().getErr().println(result.at("/content/0/text").asText());
          return 1;
        }
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          spec.commandLine().getErr().println("tallygate: " + reason(e));
          return 1;
        }
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private JsonNode once(ObjectNode given) throws IOException, InterruptedException {
    String token = new String(Reasons.read(tokenFile), StandardCharsets.UTF_8).strip();
    try (McpClient client = new McpClient(url, token, certificate)) {
      client.connect();
      if (tool.isEmpty()) {
        return client.request("tools/list", JSON.createObjectNode());
      }
      ObjectNode params = JSON.createObjectNode().put("name", tool.get());
      params.set("arguments", given);
      return client.request("tools/call", params);
    }
  }

  private void print(JsonNode result) {
    if (tool.isPresent()) {
      spec.commandLine().getOut().println(result);
    } else {
      result
          .path("tools")
          .forEach(each -> spec.commandLine().getOut().println(each.path("name").asText()));
    }
  }

  private ObjectNode given() {
    try {
      if (JSON.readTree(arguments) instanceof ObjectNode object) {
        return object;
      }
    } catch (JsonProcessingException e) {
      // What it is instead does not matter.
    }
    throw wrong("--args must be a JSON object, such as {\"path\": \"a.txt\"}");
  }

  /** The client's own exceptions often have no message. */
  private String reason(IOException e) {
    String reason = Reasons.of(e);
    return reason == null
        ? url + " does not answer (" + e.getClass().getSimpleName() + ")"
        : reason;
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
