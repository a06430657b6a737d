package dev.tallygate.node.real;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.node.fixture.Era;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The MCP Inspector's command line. */
final class Inspector {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final URI url;
  private final Era era;
  private final String token;

  /** An inspector of {@code url}; {@code token} may be null. */
  Inspector(URI url, Era era, String token) {
    this.url = url;
    this.era = era;
    this.token = token;
  }

  /**
   * What one run gave.
   *
   * @param exitCode 0 fine, 5 the tool said it is an error, 3 not authorized, 1 anything else
   * @param output standard output as JSON, missing where it is none
   * @param errors standard error
   */
  record Run(int exitCode, JsonNode output, String errors) {}

  /** Lists the tools. */
  Run listTools() {
    return run("--method", "tools/list");
  }

  /** Calls a tool. */
  Run call(String tool, String argumentsJson) {
    return run("--method", "tools/call", "--tool-name", tool, "--tool-args-json", argumentsJson);
  }

  /** Runs any method. */
  Run run(String... arguments) {
    NpmPackages packages = NpmPackages.get();
    List<String> command =
        new ArrayList<>(
            List.of(
                packages.node(),
                packages.file("@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
                "--cli",
                url.toString(),
                "--transport",
                "http",
                "--protocol-era",
                era.name().toLowerCase(Locale.ROOT),
                "--stored-auth-only",
                "--format",
                "json"));
    if (token != null) {
      command.add("--header");
      command.add("Authorization: Bearer " + token);
    }
    command.addAll(List.of(arguments));
    Path home = packages.workbench().resolve("home");
    try (ChildProcess process =
        ChildProcess.start("inspector", command, Map.of("HOME", home.toString()))) {
      process.input("");
      int exitCode = process.awaitExit(60);
      return new Run(exitCode, parse(process.output()), process.errors());
    }
  }

  private static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return JSON.missingNode();
    }
  }
}
