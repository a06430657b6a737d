package dev.tallygate.node.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.tallygate.node.demo.Demo;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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
  @Spec private CommandSpec spec;

  @Option(
      names = "--once",
      description = "Ends after the show; exits with 1 if it did not go as told.")
  private boolean once;

  @Override
  public Integer call() throws Exception {
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
}
