package dev.tallygate.node.config;

import dev.tallygate.json.JsonPointers;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.node.config.YamlNode.Scalar;
import dev.tallygate.policy.UrlHosts;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Server.Asks;
import dev.tallygate.registry.Server.Bounds;
import dev.tallygate.registry.Server.Timeouts;
import dev.tallygate.registry.Trust;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads {@code servers}: where each upstream is, what it is sent and what it may cost. */
final class ServerReader {
  private static final List<String> KEYS =
      List.of(
          "url",
          "headers",
          "ca",
          "timeouts",
          "limits",
          "methods",
          "denyMethods",
          "asks",
          "elicitationHosts",
          "trust",
          "checkArguments");

  private static final Map<String, Trust> TRUST =
      Map.of("any", Trust.ANY, "first-use", Trust.FIRST_USE, "pinned", Trust.PINNED);

  static final List<String> TIMEOUT_KEYS = List.of("connect", "response", "idle");
  static final List<String> LIMIT_KEYS =
      List.of(
          "requestBytes",
          "listBytes",
          "eventBytes",
          "connections",
          "callsPerGrant",
          "streamsPerGrant");

  /** A DNS label, because the name becomes a path segment and a Kubernetes resource's name. */
  private static final Pattern SERVER_NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}");
  private static final Pattern HEADER_VALUE =
      Pattern.compile("[\\x21-\\x7E]([\\x20-\\x7E\\t]*[\\x21-\\x7E])?");
  private static final Pattern METHOD = Pattern.compile("[A-Za-z0-9_$.-]+(/[A-Za-z0-9_$.-]+)*");

  /** Headers of one connection (RFC 9110 7.6.1) and those that the gate itself writes. */
  private static final Set<String> RESERVED =
      Set.of(
          "connection",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "host",
          "content-length",
          "content-type",
          "content-encoding",
          "accept",
          "accept-encoding",
          "expect",
          "last-event-id");

  private static final int MAX_HEADER_BYTES = 16 * 1024;
  private static final int MAX_CA_BYTES = 1024 * 1024;

  private final Findings findings;
  private final Surroundings surroundings;
  private final References references;

  ServerReader(Findings findings, Surroundings surroundings) {
    this.findings = findings;
    this.surroundings = surroundings;
    this.references = new References(findings, surroundings);
  }

  Map<String, Server> read(List<Entry> entries) {
    Map<String, Server> servers = new LinkedHashMap<>();
    for (Entry entry : entries) {
      String name = entry.key().text();
      String pointer = JsonPointers.child("/servers", name);
      if (!SERVER_NAME.matcher(name).matches()) {
        findings.error(
            pointer,
            entry.key(),
            "a server's name must be 1 to 63 lower-case letters, digits and inner dashes");
      }
      Fields.of(entry.value(), pointer, findings, KEYS)
          .flatMap(fields -> server(name, fields))
          .ifPresent(server -> servers.put(name, server));
    }
    return servers;
  }

  private Optional<Server> server(String name, Fields fields) {
    Optional<URI> url =
        fields
            .requiredText("url", "give the server's MCP endpoint: url: http://127.0.0.1:3001/mcp")
            .flatMap(text -> url(fields, text));
    Map<String, String> headers = headers(fields);
    Optional<String> ca = fields.text("ca").flatMap(file -> ca(fields, file));
    Timeouts timeouts =
        fields
            .fields("timeouts", TIMEOUT_KEYS)
            .map(ServerReader::timeouts)
            .orElse(Timeouts.DEFAULT);
    Bounds bounds =
        fields.fields("limits", LIMIT_KEYS).map(ServerReader::bounds).orElse(Bounds.DEFAULT);
    Set<String> methods = methods(fields);
    Asks asks = asks(fields);
    if (fields.mapping().value("ca").isPresent()
        && url.isPresent()
        && url.get().getScheme().equalsIgnoreCase("http")) {
      fields.error("ca", "is of no use with an http:// URL; remove it or write https://");
    }
    Trust trust = trust(fields);
    boolean checksArguments = fields.bool("checkArguments").orElse(false);
    if (checksArguments && trust == Trust.ANY) {
      fields.error("checkArguments", "needs pinned tools; use `trust: first-use` or `pinned`");
    }
    return url.map(
        at ->
            new Server(
                name, at, headers, ca, timeouts, bounds, methods, trust, checksArguments, asks));
  }

  private static Trust trust(Fields fields) {
    Optional<String> written = fields.text("trust");
    if (written.isPresent() && !TRUST.containsKey(written.get())) {
      fields.error("trust", "must be any, first-use or pinned");
    }
    return written.map(TRUST::get).orElse(Trust.FIRST_USE);
  }

  private static Optional<URI> url(Fields fields, String text) {
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException e) {
      fields.error("url", "is not a URL: " + e.getReason() + " at index " + e.getIndex());
      return Optional.empty();
    }
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    String wrong = null;
    if (!scheme.equals("http") && !scheme.equals("https")) {
      wrong = "must begin with http:// or https://";
    } else if (url.getRawUserInfo() != null) {
      wrong = "must not hold a user or password; send them with `headers`";
    } else if (url.getHost() == null) {
      wrong = "must name a host, such as http://127.0.0.1:3001/mcp";
    } else if (url.getPort() == 0 || url.getPort() > 65_535) {
      wrong = "has a port that is not from 1 to 65535";
    } else if (url.getRawFragment() != null) {
      wrong = "must not have a fragment; remove what follows #";
    }
    if (wrong != null) {
      fields.error("url", wrong);
      return Optional.empty();
    }
    return Optional.of(url);
  }

  private Map<String, String> headers(Fields fields) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (Entry entry : fields.named("headers")) {
      String written = entry.key().text();
      String name = written.toLowerCase(Locale.ROOT);
      String pointer = JsonPointers.child(fields.pointer("headers"), written);
      if (!HEADER_NAME.matcher(name).matches()) {
        findings.error(pointer, entry.key(), "this is not a header name");
      } else if (RESERVED.contains(name) || name.startsWith("mcp-")) {
        findings.error(
            pointer, entry.key(), "`" + written + "` is written by the gateway; remove it here");
      } else if (headers.containsKey(name)) {
        findings.error(
            pointer, entry.key(), "`" + written + "` is given twice; header names ignore case");
      } else if (!(entry.value() instanceof Scalar scalar) || scalar.isNull()) {
        findings.error(pointer, entry.value(), "a header's value must be text");
      } else {
        header(pointer, scalar).ifPresent(value -> headers.put(name, value));
      }
    }
    return headers;
  }

  private Optional<String> header(String pointer, Scalar scalar) {
    Optional<String> value = references.follow(pointer, scalar);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    if (value.get().length() > MAX_HEADER_BYTES) {
      findings.error(pointer, scalar, "the value is longer than " + Units.text(MAX_HEADER_BYTES));
    } else if (!HEADER_VALUE.matcher(value.get()).matches()) {
      // The value may be a secret: say only what is wrong with it.
      findings.error(
          pointer,
          scalar,
          "the value must be printable ASCII on one line, not empty, without spaces around it");
    } else {
      return value;
    }
    return Optional.empty();
  }

  private Optional<String> ca(Fields fields, String written) {
    boolean inline = written.startsWith("-----BEGIN ");
    String what = inline ? "is text" : "names " + written;
    if (!inline && !surroundings.followed()) {
      return Optional.empty();
    }
    try {
      byte[] pem =
          inline
              ? written.getBytes(StandardCharsets.US_ASCII)
              : surroundings.read(surroundings.path(written), MAX_CA_BYTES);
      if (CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem))
          .isEmpty()) {
        fields.error("ca", what + ", which holds no certificate in PEM");
        return Optional.empty();
      }
      return Optional.of(new String(pem, StandardCharsets.US_ASCII));
    } catch (CertificateException e) {
      fields.error("ca", what + ", which is not a list of certificates in PEM");
    } catch (IOException e) {
      fields.error("ca", what + ", which " + e.getMessage());
    }
    return Optional.empty();
  }

  private static Timeouts timeouts(Fields fields) {
    Duration least = Duration.ofMillis(10);
    return new Timeouts(
        fields.duration("connect", least, Duration.ofMinutes(5)).orElse(Timeouts.DEFAULT.connect()),
        fields.duration("response", least, Duration.ofDays(1)).orElse(Timeouts.DEFAULT.response()),
        fields.duration("idle", least, Duration.ofDays(1)).orElse(Timeouts.DEFAULT.idle()));
  }

  private static Bounds bounds(Fields fields) {
    long least = 1L << 10;
    long most = 256L << 20;
    return new Bounds(
        fields
            .bytes("requestBytes", least, most)
            .map(Math::toIntExact)
            .orElse(Bounds.DEFAULT.maxRequestBytes()),
        fields
            .bytes("listBytes", least, most)
            .map(Math::toIntExact)
            .orElse(Bounds.DEFAULT.maxListBytes()),
        fields
            .bytes("eventBytes", least, most)
            .map(Math::toIntExact)
            .orElse(Bounds.DEFAULT.maxEventBytes()),
        fields.wholeNumber("connections", 1, 65_535).orElse(Bounds.DEFAULT.maxConnections()),
        fields.wholeNumber("callsPerGrant", 1, 1_000_000).orElse(Bounds.DEFAULT.maxCallsPerGrant()),
        fields
            .wholeNumber("streamsPerGrant", 1, 1_000_000)
            .orElse(Bounds.DEFAULT.maxStreamsPerGrant()));
  }

  private static Asks asks(Fields fields) {
    Set<String> methods = new HashSet<>(fields.texts("asks").orElse(List.copyOf(Asks.ALL_METHODS)));
    for (String method : methods) {
      if (!Asks.ALL_METHODS.contains(method)) {
        String cure =
            Findings.nearest(method, Asks.ALL_METHODS)
                .map(near -> "did you mean " + near + "?")
                .orElse("remove it");
        fields.error("asks", "has \"" + method + "\", which no server of MCP asks; " + cure);
      }
    }
    Optional<UrlHosts> hosts =
        fields
            .texts("elicitationHosts")
            .flatMap(
                texts -> {
                  try {
                    return Optional.of(UrlHosts.of(texts));
                  } catch (IllegalArgumentException e) {
                    fields.error("elicitationHosts", "cannot be read: " + e.getMessage());
                    return Optional.empty();
                  }
                });
    return new Asks(methods, hosts);
  }

  private Set<String> methods(Fields fields) {
    Optional<List<String>> only = fields.texts("methods");
    Optional<List<String>> denied = fields.texts("denyMethods");
    if (only.isPresent() && denied.isPresent()) {
      fields.error("denyMethods", "cannot be used with `methods`; keep one of them");
    }
    for (String method : only.orElse(List.of())) {
      if (!METHOD.matcher(method).matches()) {
        fields.error("methods", "has \"" + method + "\", which is not a method's name");
      } else if (method.startsWith("tools/")) {
        fields.error(
            "methods", "has \"" + method + "\"; tools/* always pass to the policy, leave it out");
      }
    }
    Set<String> methods = new HashSet<>(only.orElse(List.copyOf(Server.DEFAULT_METHODS)));
    for (String method : denied.orElse(List.of())) {
      if (!Server.DEFAULT_METHODS.contains(method)) {
        String cure =
            Findings.nearest(method, Server.DEFAULT_METHODS)
                .map(near -> "did you mean " + near + "?")
                .orElse("remove it");
        fields.error(
            "denyMethods", "has \"" + method + "\", which does not pass by default; " + cure);
      }
      methods.remove(method);
    }
    return methods;
  }
}
