package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.NodeConfig;
import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The node that runs by a configuration file, if one does: asked at its admin address. */
final class RunningNode {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final long PAUSE_MILLIS = 50;

  private RunningNode() {}

  /**
   * What a node makes of the file, and of its lock file, as they now are.
   *
   * @param text for people
   * @param isRefusal whether it runs, and cannot apply the file
   */
  record Answer(String text, boolean isRefusal) {}

  /** Waits until the node enforces the file as it now is, for {@link #PATIENCE} at most. */
  static Answer awaitApplied(Path file) {
    Optional<NodeConfig> config = new ConfigReader().read(file).config();
    Optional<NodeConfig.Admin> admin = config.map(NodeConfig::admin);
    if (admin.isEmpty() || admin.get().port() == 0) {
      return new Answer("A node that runs by this file applies it within a second.", false);
    }
    String host = admin.get().host();
    URI readyz =
        URI.create(
            "http://"
                + (host.contains(":") ? "[" + host + "]" : host)
                + ":"
                + admin.get().port()
                + "/readyz");
    long end = System.nanoTime() + PATIENCE.toNanos();
    try {
      HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
      HttpRequest request = HttpRequest.newBuilder(readyz).timeout(Duration.ofSeconds(2)).build();
      while (System.nanoTime() < end) {
        // Anew each time: an edit that another command made meanwhile holds this one too.
        String digest = Sha256.of(Files.readAllBytes(file)).hex();
        Path pins = config.get().pinFile();
        String pinned = Files.exists(pins) ? Sha256.of(Files.readAllBytes(pins)).hex() : "";
        JsonNode ready =
            new JsonMapper().readTree(http.send(request, BodyHandlers.ofString()).body());
        if (digest.equals(ready.path("configSha256").asText())
            && pinned.equals(ready.path("pinsSha256").asText())
            && ready.path("published").asBoolean(true)) {
          String state = ready.path("config").asText();
          return state.equals("in force")
              ? new Answer("In force on the running node.", false)
              : new Answer("error: the running node has not applied it; " + state, true);
        }
        Thread.sleep(PAUSE_MILLIS);
      }
      if (config.get().cluster().isPresent()) {
        return new Answer(
            "error: the cluster does not enforce this file yet; /readyz at "
                + readyz.getAuthority()
                + " says why",
            true);
      }
      return new Answer(
          "warning: the node at " + readyz.getAuthority() + " has not read this file yet.", false);
    } catch (IOException e) {
      return new Answer("No node runs by this file now; it applies when one starts.", false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer("A node that runs by this file applies it within a second.", false);
    }
  }
}
