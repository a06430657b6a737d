package dev.tallygate.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Answers as the admin address of a gateway does, as far as the operator asks it. */
final class FakeRegistry implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;

  /** What may be set by tests, and looked at. */
  JsonNode declared = JSON.createObjectNode();

  long revision;
  long fence;
  boolean away;
  boolean losesAnswers;
  String refusedText = "";
  String refusal = "";
  int puts;
  final Map<String, Long> late = new TreeMap<>();
  final List<String> lost = new ArrayList<>();
  final Map<String, String> revoked = new TreeMap<>();
  final List<Runnable> beforeNextPut = new ArrayList<>();

  FakeRegistry() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/registry", this::answer);
    server.start();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private synchronized void answer(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes());
    ObjectNode answer = JSON.createObjectNode();
    int status = 200;
    if (away) {
      status = 503;
      answer.put("error", "too few data members answer");
    } else if (exchange.getRequestMethod().equals("PUT")) {
      status = put(exchange.getRequestURI().getQuery(), body, answer);
    } else if (exchange.getRequestURI().getPath().endsWith("/nodes")) {
      answer.put("revision", revision);
      for (String node : List.of("gate-1", "gate-2", "gate-3")) {
        if (lost.contains(node)) {
          answer
              .withArray("lost")
              .addObject()
              .put("node", node)
              .put("reason", "it does not answer");
          continue;
        }
        answer
            .withArray("nodes")
            .addObject()
            .put("node", node)
            .put("serves", true)
            .put("revision", late.getOrDefault(node, revision));
      }
    } else {
      answer.setAll((ObjectNode) declared);
      answer.put("revision", revision).put("fence", fence);
      ObjectNode hashes = answer.putObject("revoked");
      revoked.forEach(hashes::put);
    }
    if (losesAnswers && exchange.getRequestMethod().equals("PUT")) {
      status = 503;
    }
    byte[] bytes = JSON.writeValueAsBytes(answer);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private int put(String query, String body, ObjectNode answer) throws IOException {
    puts++;
    if (!beforeNextPut.isEmpty()) {
      beforeNextPut.remove(0).run();
    }
    Map<String, String> parameters = new TreeMap<>();
    for (String pair : query.split("&")) {
      parameters.put(pair.split("=")[0], pair.split("=")[1]);
    }
    if (Long.parseLong(parameters.get("fence")) < fence) {
      answer.putArray("errors").add("/fences/kubernetes: another took over; its fence is " + fence);
      return 422;
    }
    if (Long.parseLong(parameters.get("revision")) != revision) {
      answer.put("error", "revision " + revision + " is the newest");
      return 409;
    }
    if (!refusedText.isEmpty() && body.contains(refusedText)) {
      answer.putArray("errors").add(refusal);
      return 422;
    }
    fence = Long.parseLong(parameters.get("fence"));
    declared = JSON.readTree(body);
    revision++;
    answer.put("revision", revision);
    return 200;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
