package dev.tallygate.node.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.tallygate.node.demo.Demo;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tallygate demo}: the main job, seen in half a minute. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Shows the main job on this machine.",
      "",
      "Starts a small MCP server and a gate before it with the recommended policy for execute_code, makes"
          + " eleven calls as a client would, and shows ten pass and the eleventh refused, the audit lines,"
          + " the metrics, and what to paste into an MCP client. Nothing else need be installed. It then"
          + " stays up until Ctrl-C.",
      ""
    })
final class DemoCommand implements Callable<Integer> {
  private static final Pattern ADDRESS = Pattern.compile("\\[?([^\\[\\]]+)]?:([0-9]{1,5})");

  @Spec private CommandSpec spec;

  @Option(
      names = "--once",
      description = "Ends after the show; exits with 1 if it did not go as told.")
  private boolean once;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      description = "Runs only the MCP server of the show there, for a gate that is there already.")
  private Optional<String> server;

  @Override
  public Integer call() throws Exception {
    if (server.isPresent()) {
      return serve(server.get());
    }
    // The show speaks for itself.
    ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
    try (Demo demo = Demo.start(spec.commandLine().getOut())) {
      boolean asTold = demo.show();
      if (!once) {
        demo.stayUp();
      }
      return asTold ? 0 : 1;
    }
  }

  private int serve(String written) throws InterruptedException {
    Matcher address = ADDRESS.matcher(written);
    if (!address.matches() || Integer.parseInt(address.group(2)) > 65_535) {
      throw new ParameterException(
          spec.commandLine(), "--server must be a host and a port, such as 127.0.0.1:3901");
    }
    try {
      Demo.serve(
          address.group(1),
          Integer.parseInt(address.group(2)),
          port ->
              spec.commandLine()
                  .getOut()
                  .println(ServeCommand.url("http", address.group(1), port) + "/mcp"));
      return 0;
    } catch (IOException e) {
      spec.commandLine().getErr().println("tallygate: " + Reasons.of(e));
      return 1;
    }
  }
}
