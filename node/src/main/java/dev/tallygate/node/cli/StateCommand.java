package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tallygate.node.StateNode;
import dev.tallygate.node.config.ConfigRefused;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs a data member alone until it is told to end. */
@Command(
    name = "state",
    mixinStandardHelpOptions = true,
    description = {
      "Runs a member that holds a cluster's counts and serves no calls (docs/cluster.md).",
      "",
      "Of the file it needs `cluster`, with role: member, and reads `name` and `admin` besides. Once it"
          + " has started it prints one line of JSON on stdout, such as"
          + " {\"admin\":\"http://127.0.0.1:9090\"}; the log goes to stderr.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:ended by SIGTERM or Ctrl-C",
      "1:the configuration has errors, a port cannot be had, or the cluster does not let it in",
      "2:wrong use"
    })
final class StateCommand implements Callable<Integer> {
  @Option(
      names = {"-c", "--config"},
      required = true,
      paramLabel = "FILE",
      description = "The member's file (docs/configuration.md).")
  private Path config;

  @Override
  public Integer call() throws InterruptedException {
    StateNode node;
    try {
      node = StateNode.start(config);
    } catch (ConfigRefused e) {
      System.err.println(e.getMessage());
      return 1;
    } catch (IOException e) {
      System.err.println("tallygate: " + Reasons.of(e));
      return 1;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  node.close();
                  ended.countDown();
                },
                "tallygate-shutdown"));
    System.out.println(
        JsonNodeFactory.instance
            .objectNode()
            .put("admin", ServeCommand.url("http", node.admin().host(), node.adminPort())));
    System.out.flush();
    ended.await();
    return 0;
  }
}
