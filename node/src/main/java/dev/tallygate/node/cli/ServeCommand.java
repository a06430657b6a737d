package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tallygate.node.Node;
import dev.tallygate.node.config.ConfigRefused;
import dev.tallygate.node.config.NodeConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs a node until it is told to end. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = {
      "Runs a node.",
      "",
      "Once it is ready it prints one line of JSON on stdout with the addresses it listens on, such as"
          + " {\"listen\":\"http://127.0.0.1:8080\",\"admin\":\"http://127.0.0.1:9090\"}; the log goes to"
          + " stderr. Changes of the file, and of every file that it names, are applied as they are made;"
          + " listen, admin, audit and cluster need a restart.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:ended by SIGTERM or Ctrl-C",
      "1:the configuration has errors, a port or file cannot be had, or the cluster does not let it in",
      "2:wrong use"
    })
final class ServeCommand implements Callable<Integer> {
  @Option(
      names = {"-c", "--config"},
      required = true,
      paramLabel = "FILE",
      description = "The node's file (docs/configuration.md).")
  private Path config;

  @Override
  public Integer call() throws InterruptedException {
    Node node;
    try {
      node = Node.start(config);
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
    try {
      node.awaitOpen();
    } catch (IOException e) {
      System.err.println("tallygate: " + Reasons.of(e));
      return 1;
    }
    NodeConfig settings = node.config().config();
    System.out.println(
        JsonNodeFactory.instance
            .objectNode()
            .put(
                "listen",
                url(
                    settings.listen().tls().isPresent() ? "https" : "http",
                    settings.listen().host(),
                    node.port()))
            .put("admin", url("http", settings.admin().host(), node.adminPort())));
    System.out.flush();
    ended.await();
    return 0;
  }

  static String url(String scheme, String host, int port) {
    return scheme + "://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }
}
