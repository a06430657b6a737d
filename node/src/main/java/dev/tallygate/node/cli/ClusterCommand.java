package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigRefused;
import dev.tallygate.node.config.NodeConfig.Admin;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tallygate cluster}: the cluster that a node belongs to. */
@Command(
    name = "cluster",
    description = "Shows the cluster that a node belongs to.",
    mixinStandardHelpOptions = true,
    subcommands = ClusterCommand.Status.class)
final class ClusterCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what to do.");
  }

  /** Who is there, as the running node sees it. */
  @Command(
      name = "status",
      mixinStandardHelpOptions = true,
      description =
          "Asks the node that runs by a file who is in its cluster, and whether it counts.",
      exitCodeListHeading = "%nExit codes:%n",
      exitCodeList = {
        "0:the cluster has a quorum",
        "1:it has none, or no node answers at the file's admin address",
        "2:wrong use"
      })
  static final class Status implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Spec private CommandSpec spec;

    @Option(
        names = {"-c", "--config"},
        required = true,
        paramLabel = "FILE",
        description = "The node's file (docs/configuration.md).")
    private Path config;

    @Option(names = "--json", description = "Prints the node's answer as it is.")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
      PrintWriter out = spec.commandLine().getOut();
      PrintWriter err = spec.commandLine().getErr();
      Admin admin;
      try {
        admin = new ConfigReader().readAdmin(config);
      } catch (ConfigRefused e) {
        err.println(e.getMessage());
        return 1;
      }
      URI address = URI.create(ServeCommand.url("http", admin.host(), admin.port()) + "/cluster");
      if (admin.port() == 0) {
        err.println("`admin.port` is 0, so where the node answers is not known; give it a port");
        return 1;
      }
      JsonNode answer;
      try {
        answer = ask(address);
      } catch (IOException e) {
        err.println("no node answers at " + address + "; is it running?");
        return 1;
      }
      if (json) {
        out.println(answer.toPrettyString());
      } else {
        print(answer, out);
      }
      return answer.at("/quorum/holds").asBoolean() ? 0 : 1;
    }

    private static JsonNode ask(URI address) throws IOException, InterruptedException {
      HttpResponse<String> response =
          HttpClient.newBuilder()
              .connectTimeout(PATIENCE)
              .build()
              .send(
                  HttpRequest.newBuilder(address).timeout(PATIENCE).build(),
                  BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new IOException("status " + response.statusCode());
      }
      return new JsonMapper().readTree(response.body());
    }

    private static void print(JsonNode answer, PrintWriter out) {
      out.println(
          answer.path("cluster").isNull()
              ? "standalone"
              : "cluster " + answer.path("cluster").asText());
      JsonNode quorum = answer.path("quorum");
      out.printf(
          "quorum      %s (%d of %d data members, %d needed)%n",
          quorum.path("holds").asBoolean() ? "yes" : "NO",
          quorum.path("present").asInt(),
          answer.path("dataMembers").asInt(),
          quorum.path("required").asInt());
      out.println(
          "partitions  " + (answer.path("partitionsSafe").asBoolean() ? "safe" : "NOT SAFE"));
      out.println("ledger      " + shown(answer.path("ledgerEntries")) + " entries");
      out.println();
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("NODE", "ROLE", "ADDRESS", "REVISION"));
      for (JsonNode member : answer.path("members")) {
        rows.add(
            List.of(
                member.path("node").asText() + (member.path("self").asBoolean() ? " *" : ""),
                member.path("role").asText(),
                member.path("address").asText(),
                shown(member.path("revision"))));
      }
      table(rows, out);
    }

    private static String shown(JsonNode value) {
      return value.isNull() || value.isMissingNode() ? "-" : value.asText();
    }

    private static void table(List<List<String>> rows, PrintWriter out) {
      for (List<String> row : rows) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < row.size(); column++) {
          int at = column;
          int width = rows.stream().mapToInt(each -> each.get(at).length()).max().orElse(0);
          line.append(String.format("%-" + (width + 2) + "s", row.get(column)));
        }
        out.println(line.toString().stripTrailing());
      }
    }
  }
}
