package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.TestCertificate;
import dev.tallygate.node.fixture.Tool;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.cert.Certificate;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The gate behind a certificate of its own. */
@Timeout(180)
class TlsTest {
  private static final TestCertificate CERTIFICATE = TestCertificate.of("EC", 10);

  private static FixtureServer upstream;
  private static TestGate gate;
  private static TestClient client;

  @BeforeAll
  static void start() {
    upstream = FixtureServer.start(Tool.named("alpha"), Tool.named("denied"), Tool.named("hidden"));
    gate =
        TestGate.before("fixture", upstream)
            .policy(
                "some",
                "{\"version\":\"1\",\"default\":\"deny\",\"hide\":[\"hidden\"],\"tools\":{\"alpha\":{}}}")
            .grant("client", "fixture", "some")
            .tls(CERTIFICATE)
            .start();
    client = gate.client("client", "fixture");
  }

  @AfterAll
  static void stop() {
    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
  }

  private static HttpResponse<String> send(
      TestCertificate trusted, HttpClient.Version version, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return HttpClient.newBuilder()
        .sslContext(trusted.trusting())
        .version(version)
        .build()
        .send(request.build(), BodyHandlers.ofString());
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void callsAreJudgedInEitherVersionOfHttp(HttpClient.Version version) throws Exception {
    // When
    HttpResponse<String> allowed = send(CERTIFICATE, version, client.modernCall("alpha", "{}"));
    HttpResponse<String> denied = send(CERTIFICATE, version, client.modernCall("denied", "{}"));
    HttpResponse<String> listed = send(CERTIFICATE, version, client.modern("tools/list", ""));

    // Then
    assertThat(allowed.version()).isEqualTo(version);
    assertThat(allowed.body()).contains("\"text\":\"alpha\"");
    assertThat(denied.body()).contains("\"isError\":true");
    assertThat(listed.body()).contains("alpha").doesNotContain("hidden");
    assertThat(upstream.calls("denied")).isZero();
    assertThat(gate.completion(allowed).path("end").asText()).isEqualTo("ok");
    assertThat(gate.decision(denied).path("outcome").asText()).isEqualTo("denied");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void currentVersionsOfTlsAreSpokenWithAndWithoutChoiceOfProtocol(String version)
      throws Exception {
    // When
    try (SSLSocket socket = connect(CERTIFICATE)) {
      socket.setEnabledProtocols(new String[] {version});
      socket.startHandshake();
      String hello = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(hello.getBytes());

      // Then
      assertThat(new String(socket.getInputStream().readNBytes(12))).isEqualTo("HTTP/1.1 404");
    }
  }

  @Test
  void olderVersionsOfTlsAreNot() throws Exception {
    // Given
    String[] older = {"TLSv1", "TLSv1.1"};

    // When // Then
    try (SSLSocket socket = connect(CERTIFICATE)) {
      socket.setEnabledProtocols(older);
      assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class);
    }
  }

  private static SSLSocket connect(TestCertificate trusted) throws IOException {
    SSLSocket socket =
        (SSLSocket)
            trusted
                .trusting()
                .getSocketFactory()
                .createSocket("127.0.0.1", gate.url("fixture").getPort());
    socket.setSoTimeout(10_000);
    return socket;
  }

  @Test
  void clearTextIsNotAnswered() throws Exception {
    // When
    try (java.net.Socket socket = new java.net.Socket("127.0.0.1", gate.url("fixture").getPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".getBytes());

      // Then
      assertThat(new String(socket.getInputStream().readAllBytes())).doesNotContain("HTTP/1.1");
    }
  }

  @Test
  void certificateIsFollowedByNewConnections() throws Exception {
    // Given
    TestCertificate next = TestCertificate.of("RSA", 10);
    TestCertificate other = TestCertificate.of("RSA", 10);
    try {
      // When
      gate.write("own.key", other.keyPem());
      await().until(() -> gate.admin("/readyz").contains("does not belong"));

      // Then
      assertThat(shown()).isEqualTo(CERTIFICATE.certificate());

      // When
      gate.show(next);

      // Then
      await().until(() -> shown().equals(next.certificate()));
      for (HttpClient.Version version : HttpClient.Version.values()) {
        HttpResponse<String> answer = send(next, version, client.modernCall("alpha", "{}"));
        assertThat(answer.version()).isEqualTo(version);
        assertThat(answer.body()).contains("\"text\":\"alpha\"");
      }
      assertThat(gate.admin("/readyz")).doesNotContain("restart");
    } finally {
      gate.show(CERTIFICATE);
      await().until(() -> shown().equals(CERTIFICATE.certificate()));
    }
  }

  /** What the gate shows to whoever connects now. */
  private static Certificate shown() throws Exception {
    javax.net.ssl.SSLContext context = javax.net.ssl.SSLContext.getInstance("TLS");
    List<Certificate> seen = new java.util.ArrayList<>();
    context.init(
        null,
        new javax.net.ssl.TrustManager[] {
          new javax.net.ssl.X509ExtendedTrustManager() {
            @Override
            public void checkServerTrusted(
                java.security.cert.X509Certificate[] chain, String type, java.net.Socket socket) {
              seen.add(chain[0]);
            }

            @Override
            public void checkServerTrusted(
                java.security.cert.X509Certificate[] chain,
                String type,
                javax.net.ssl.SSLEngine engine) {}

            @Override
            public void checkServerTrusted(
                java.security.cert.X509Certificate[] chain, String type) {}

            @Override
            public void checkClientTrusted(
                java.security.cert.X509Certificate[] chain, String type, java.net.Socket socket) {}

            @Override
            public void checkClientTrusted(
                java.security.cert.X509Certificate[] chain,
                String type,
                javax.net.ssl.SSLEngine engine) {}

            @Override
            public void checkClientTrusted(
                java.security.cert.X509Certificate[] chain, String type) {}

            @Override
            public java.security.cert.X509Certificate[] getAcceptedIssuers() {
              return new java.security.cert.X509Certificate[0];
            }
          }
        },
        null);
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket("127.0.0.1", gate.url("fixture").getPort())) {
      socket.startHandshake();
    }
    return seen.get(0);
  }
}
