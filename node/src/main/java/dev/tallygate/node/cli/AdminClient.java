package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.node.config.AdminAccess;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigRefused;
import dev.tallygate.node.config.NodeConfig;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The admin address of the node that runs by a configuration file, in a cluster. */
final class AdminClient {
  /** The node itself gives up earlier, and says why. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final AdminAccess access;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  private AdminClient(AdminAccess access) {
    this.access = access;
  }

  /** The node did not do it; the message names the reason. */
  static final class AdminRefused extends Exception {
    private static final long serialVersionUID = 1L;

    AdminRefused(String message) {
      super(message);
    }
  }

  /** Whether a file is that of a node of a cluster, whose registry is not the file. */
  static boolean isFor(Path file) {
    return new ConfigReader().isClustered(file);
  }

  /**
   * @throws AdminRefused if the file does not say how the node is told
   */
  static AdminClient of(Path file) throws AdminRefused {
    try {
      AdminAccess access = new ConfigReader().readAdminAccess(file);
      if (access.token().isEmpty()) {
        throw new AdminRefused(
            file
                + " has no `admin.token`, without which the node takes no changes; set one, such as"
                + " admin: { token: \"${env:TALLYGATE_ADMIN_TOKEN}\" }");
      }
      if (access.admin().port() == 0) {
        throw new AdminRefused(file + " leaves `admin.port` open (0), so the node cannot be found");
      }
      return new AdminClient(access);
    } catch (ConfigRefused e) {
      throw new AdminRefused(e.getMessage());
    }
  }

  JsonNode get(String path) throws AdminRefused {
    return send(path, HttpRequest.newBuilder().GET());
  }

  JsonNode post(String path, JsonNode body) throws AdminRefused {
    return send(path, HttpRequest.newBuilder().POST(BodyPublishers.ofString(body.toString())));
  }

  JsonNode put(String path, String body) throws AdminRefused {
    return send(path, HttpRequest.newBuilder().PUT(BodyPublishers.ofString(body)));
  }

  /** A grant's part of the path. */
  static String grant(String name) {
    return "/grants/" + URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** The lines that tell where a change is in force, late nodes first. */
  static List<String> outcome(JsonNode answer) {
    List<String> lines = new ArrayList<>();
    for (JsonNode late : answer.path("late")) {
      lines.add(
          "error: "
              + late.path("node").asText()
              + " is late, and may still judge calls by an older revision: "
              + late.path("reason").asText());
    }
    long serving = 0;
    for (JsonNode node : answer.path("nodes")) {
      boolean inForce = node.path("revision").asLong() >= answer.path("revision").asLong();
      serving += node.path("serves").asBoolean() && inForce ? 1 : 0;
    }
    lines.add(
        "Revision "
            + answer.path("revision").asLong()
            + " is kept by the cluster, and in force on "
            + serving
            + (serving == 1 ? " node." : " nodes."));
    return lines;
  }

  private JsonNode send(String path, HttpRequest.Builder request) throws AdminRefused {
    NodeConfig.Admin admin = access.admin();
    String authority =
        (admin.host().contains(":") ? "[" + admin.host() + "]" : admin.host()) + ":" + admin.port();
    try {
      HttpResponse<String> response =
          http.send(
              request
                  .uri(URI.create("http://" + authority + path))
                  .timeout(PATIENCE)
                  .header("Authorization", "Bearer " + access.token().orElseThrow())
                  .build(),
              BodyHandlers.ofString());
      JsonNode body = new JsonMapper().readTree(response.body());
      if (response.statusCode() == 200) {
        return body;
      }
      throw new AdminRefused(body.path("error").asText("the node answered " + response.body()));
    } catch (IOException e) {
      throw new AdminRefused("no node answers at http://" + authority + ": " + Reasons.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AdminRefused("interrupted; look whether the change is in force");
    }
  }
}
