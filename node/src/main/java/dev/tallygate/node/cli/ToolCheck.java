package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.tallygate.node.config.ConfigFinding;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.NodeConfig;
import dev.tallygate.node.upstream.ToolListing;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.ServerLint;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;

/** Compares policies with the tools that servers have. */
final class ToolCheck {
  private ToolCheck() {}

  /**
   * Asks each server that a grant with a policy opens for its tools, all at once, and compares.
   *
   * @param file the configuration's own
   */
  static List<ConfigFinding> online(Path file, NodeConfig config)
      throws IOException, InterruptedException {
    Map<String, SortedSet<String>> policies = policiesByServer(config);
    try (ServerInquiry inquiry = new ServerInquiry()) {
      Map<String, Future<ArrayNode>> asked = new TreeMap<>();
      for (String name : policies.keySet()) {
        Server server = config.servers().get(name);
        asked.put(name, inquiry.ask(upstreams -> new ToolListing(upstreams).tools(server)));
      }
      List<ConfigFinding> found = new ArrayList<>();
      for (String server : policies.keySet()) {
        try {
          ArrayNode tools = asked.get(server).toCompletionStage().toCompletableFuture().get();
          for (String policy : policies.get(server)) {
            Path document = config.policyFiles().get(policy).file();
            found.addAll(compare(document, tools, "on " + server + ", "));
          }
        } catch (ExecutionException e) {
          String message = "the server did not tell its tools: " + e.getCause().getMessage();
          found.add(new ConfigReader().serverError(file, server, message));
        }
      }
      return found;
    }
  }

  private static Map<String, SortedSet<String>> policiesByServer(NodeConfig config) {
    Map<String, SortedSet<String>> policies = new TreeMap<>();
    Instant now = Instant.now();
    for (Grant grant : config.grants()) {
      if (grant.inForce(now) && grant.policy().isPresent()) {
        policies
            .computeIfAbsent(grant.server(), server -> new TreeSet<>())
            .add(grant.policy().get());
      }
    }
    return policies;
  }

  /**
   * Compares one policy with tools; one that cannot be read gives nothing here.
   *
   * @param where begins each message
   */
  static List<ConfigFinding> compare(Path policy, JsonNode tools, String where) throws IOException {
    return ServerLint.check(Files.readAllBytes(policy), tools).stream()
        .map(f -> new Finding(f.severity(), f.pointer(), f.position(), where + f.message()))
        .map(finding -> new ConfigFinding(policy, finding))
        .toList();
  }
}
