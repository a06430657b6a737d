package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** An MCP client (revision 2025-11-25, streamable HTTP) that knows an address and a token. */
final class McpClient implements AutoCloseable {
  private static final String VERSION = "2025-11-25";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http;
  private final URI url;
  private final String token;
  private Optional<String> session = Optional.empty();
  private int lastId;

  /**
   * @param certificate the only certificate to take, whatever its name says; without it, those that
   *     the platform trusts
   */
  McpClient(URI url, String token, Optional<Path> certificate) throws IOException {
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5));
    if (certificate.isPresent()) {
      builder.sslContext(only(certificate.get()));
    }
    this.http = builder.build();
    this.url = url;
    this.token = token;
  }

  /**
   * Begins a session, where the server has such.
   *
   * @throws IOException if there is no answer, or one that is an error
   */
  void connect() throws IOException, InterruptedException {
    ObjectNode params = JSON.createObjectNode().put("protocolVersion", VERSION);
    params.putObject("capabilities");
    params.putObject("clientInfo").put("name", "tallygate-call").put("version", "1");
    request("initialize", params);
    ObjectNode initialized = JSON.createObjectNode().put("jsonrpc", "2.0");
    send(initialized.put("method", "notifications/initialized")).body().close();
  }

  /**
   * The result of a request.
   *
   * @throws IOException if there is no answer, or one that is an error
   */
  JsonNode request(String method, ObjectNode params) throws IOException, InterruptedException {
    int id = ++lastId;
    ObjectNode message =
        JSON.createObjectNode().put("jsonrpc", "2.0").put("id", id).put("method", method);
    message.set("params", params);
    HttpResponse<Stream<String>> response = send(message);
    try (Stream<String> lines = response.body()) {
      boolean isStream =
          response.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream");
      JsonNode answer =
          isStream ? answer(lines.iterator(), id) : read(String.join("\n", lines.toList()));
      if (answer.has("error") || response.statusCode() != 200) {
        String said = answer.at("/error/message").asText(answer.path("error").asText());
        throw new IOException(url + " answers " + response.statusCode() + ": " + said);
      }
      response
          .headers()
          .firstValue("Mcp-Session-Id")
          .ifPresent(told -> session = Optional.of(told));
      return answer.path("result");
    }
  }

  private HttpResponse<Stream<String>> send(ObjectNode message)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(PATIENCE)
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .POST(BodyPublishers.ofString(message.toString()));
    if (lastId > 1 || !message.has("id")) {
      request.header("MCP-Protocol-Version", VERSION);
    }
    session.ifPresent(id -> request.header("Mcp-Session-Id", id));
    return http.send(request.build(), BodyHandlers.ofLines());
  }

  /** The answer among the events of a stream, which may hold notifications before it. */
  private JsonNode answer(Iterator<String> lines, int id) throws IOException {
    StringBuilder data = new StringBuilder();
    while (lines.hasNext()) {
      String line = lines.next();
      if (line.startsWith("data:")) {
        data.append(line.substring("data:".length()).strip());
      } else if (line.isEmpty() && !data.isEmpty()) {
        JsonNode message = read(data.toString());
        if (message.path("id").asInt() == id && !message.has("method")) {
          return message;
        }
        data.setLength(0);
      }
    }
    throw new IOException(url + " ended its stream without an answer");
  }

  private JsonNode read(String text) throws IOException {
    try {
      return JSON.readTree(text.isBlank() ? "{}" : text);
    } catch (IOException e) {
      throw new IOException(url + " answers what is not JSON", e);
    }
  }

  private static SSLContext only(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      X509Certificate certificate =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new OnlyThis(certificate)}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(file + " holds no certificate", e);
    }
  }

  /** Ends the session; that the server does not know how is no matter. */
  @Override
  public void close() {
    session.ifPresent(
        id ->
            http.sendAsync(
                    HttpRequest.newBuilder(url)
                        .timeout(Duration.ofSeconds(5))
                        .header("Authorization", "Bearer " + token)
                        .header("Mcp-Session-Id", id)
                        .DELETE()
                        .build(),
                    BodyHandlers.discarding())
                .exceptionally(failed -> null)
                .join());
  }

  /** Takes one certificate; an extended one, since the JDK would look at names otherwise. */
  private static final class OnlyThis extends X509ExtendedTrustManager {
    private final X509Certificate certificate;

    OnlyThis(X509Certificate certificate) {
      this.certificate = certificate;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String method)
        throws CertificateException {
      if (chain.length == 0 || !chain[0].equals(certificate)) {
        throw new CertificateException("the server shows another certificate");
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String method, Socket socket)
        throws CertificateException {
      checkServerTrusted(chain, method);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String method, SSLEngine engine)
        throws CertificateException {
      checkServerTrusted(chain, method);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String method)
        throws CertificateException {
      throw new CertificateException("there are no clients here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String method, Socket socket)
        throws CertificateException {
      checkClientTrusted(chain, method);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String method, SSLEngine engine)
        throws CertificateException {
      checkClientTrusted(chain, method);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
