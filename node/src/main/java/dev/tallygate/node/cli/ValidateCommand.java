package dev.tallygate.node.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.config.ConfigFinding;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigReading;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tallygate validate}: everything that is wrong with a configuration or with policies. */
@Command(
    name = "validate",
    description = {
      "Checks a configuration with everything that it names, or policy files.",
      "Prints each finding as FILE:LINE:COLUMN. Exits with 1 if one of them is an error."
    },
    mixinStandardHelpOptions = true)
public final class ValidateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      description = "A node's configuration file.")
  private Path config;

  @Parameters(arity = "0..*", paramLabel = "POLICY", description = "Policy files, JSON.")
  private List<Path> policies = new ArrayList<>();

  @Option(
      names = "--online",
      description =
          "Asks each server that a grant opens for its tools, and warns where a policy does not fit"
              + " them.")
  private boolean online;

  @Option(
      names = "--tools",
      paramLabel = "FILE",
      description =
          "Warns where a POLICY does not fit these tools: a JSON array of them, or the result of"
              + " tools/list.")
  private Path toolsFile;

  @Option(names = "--json", description = "Prints one JSON array of findings.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (config == null && policies.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "name what to check: --config FILE, or policy files");
    }
    if (online && config == null) {
      throw new ParameterException(spec.commandLine(), "--online needs --config FILE");
    }
    if (toolsFile != null && policies.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "--tools needs policy files");
    }
    Optional<JsonNode> tools = Optional.ofNullable(toolsFile).map(this::tools);
    ConfigReader reader = new ConfigReader();
    List<ConfigFinding> findings = new ArrayList<>();
    if (config != null) {
      ConfigReading reading = reader.read(config);
      findings.addAll(reading.findings());
      if (online && reading.config().isPresent()) {
        findings.addAll(ToolCheck.online(config, reading.config().get()));
      }
    }
    for (Path policy : policies) {
      List<ConfigFinding> found = reader.readPolicy(policy);
      findings.addAll(found);
      if (tools.isPresent() && found.stream().noneMatch(ConfigFinding::isError)) {
        findings.addAll(ToolCheck.compare(policy, tools.get(), ""));
      }
    }
    boolean valid = findings.stream().noneMatch(ConfigFinding::isError);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(json(findings));
    } else {
      findings.forEach(out::println);
      if (valid) {
        spec.commandLine().getErr().println("valid");
      }
    }
    return valid ? 0 : 1;
  }

  private JsonNode tools(Path file) {
    JsonNode read;
    try {
      read = new JsonMapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new ParameterException(spec.commandLine(), file + " is not JSON", e);
    } catch (IOException e) {
      throw new ParameterException(spec.commandLine(), file + " cannot be read", e);
    }
    for (JsonNode tools : List.of(read, read.path("tools"), read.at("/result/tools"))) {
      if (tools.isArray()) {
        return tools;
      }
    }
    throw new ParameterException(
        spec.commandLine(), file + " is neither an array of tools nor the result of tools/list");
  }

  private static ArrayNode json(List<ConfigFinding> findings) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (ConfigFinding found : findings) {
      ObjectNode object = array.addObject();
      object.put("file", found.file().toString());
      object.put("line", found.finding().position().line());
      object.put("column", found.finding().position().column());
      object.put("severity", found.finding().severity().name().toLowerCase(Locale.ROOT));
      object.put("pointer", found.finding().pointer());
      object.put("message", found.finding().message());
    }
    return array;
  }
}
