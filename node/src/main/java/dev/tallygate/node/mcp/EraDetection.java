package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import dev.tallygate.node.mcp.Refusal.Kind;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tells the era of a message and checks that its headers say what its body says.
 *
 * <p>A message is modern if its {@code _meta} names a protocol version or if its header names one
 * of the modern era; both must then name the same. Everything else is legacy. The order of the
 * checks follows the MCP TypeScript SDK 2; the rules are those of MCP 2026-07-28, "Streamable
 * HTTP", server validation. What is decided is decided on the body; headers only confirm it.
 * Methods are thread-safe.
 */
public final class EraDetection {
  private static final String VERSION_HEADER = "MCP-Protocol-Version";
  private static final String METHOD_HEADER = "Mcp-Method";
  private static final String NAME_HEADER = "Mcp-Name";
  private static final String SESSION_HEADER = "Mcp-Session-Id";
  private static final String LAST_EVENT_HEADER = "Last-Event-ID";
  private static final int MAX_VERSION_LENGTH = 64;

  /** Methods whose {@code Mcp-Name} header is required; tasks by SEP-2663. */
  private static final Map<String, String> MIRRORED =
      Map.of(
          Methods.TOOLS_CALL,
          "name",
          "prompts/get",
          "name",
          "resources/read",
          "uri",
          "tasks/get",
          "taskId",
          "tasks/update",
          "taskId",
          "tasks/cancel",
          "taskId");

  private EraDetection() {}

  /**
   * The era of a message that came with these headers.
   *
   * @throws MessageRefused if headers and body contradict each other, or the version is not spoken
   *     here
   */
  public static Era detect(HeaderValues headers, McpMessage message) throws MessageRefused {
    return new Detection(idOf(message), claimOf(message)).detect(headers, message);
  }

  /**
   * The era of a GET or DELETE, which have no body: by its header alone.
   *
   * @throws MessageRefused if an MCP header occurs twice or the version is not spoken here
   */
  public static Era detect(HeaderValues headers) throws MessageRefused {
    Detection detection = new Detection(null, null);
    detection.readHeaders(headers);
    if (detection.headerIsModern()) {
      return detection.modern(detection.version);
    }
    return detection.legacy();
  }

  /** Whether the detection holds the {@code Mcp-Name} of such a modern message against its body. */
  public static boolean confirmsName(McpMessage message) {
    return message instanceof McpMessage.Request request && MIRRORED.containsKey(request.method());
  }

  private static JsonNode idOf(McpMessage message) {
    if (message instanceof McpMessage.Request request) {
      return request.id();
    }
    return message instanceof McpMessage.Response response ? response.id() : null;
  }

  private static JsonNode claimOf(McpMessage message) {
    return message instanceof Invocation invocation
        ? invocation.meta().map(meta -> meta.get(Meta.PROTOCOL_VERSION)).orElse(null)
        : null;
  }

  private static final class Detection {
    private final JsonNode id;

    /** The version that the body names, or null. */
    private final JsonNode claim;

    private String version;
    private String method;
    private String name;

    Detection(JsonNode id, JsonNode claim) {
      this.id = id;
      this.claim = claim;
    }

    void readHeaders(HeaderValues headers) throws MessageRefused {
      version = single(headers, VERSION_HEADER);
      method = single(headers, METHOD_HEADER);
      name = single(headers, NAME_HEADER);
      single(headers, SESSION_HEADER);
      single(headers, LAST_EVENT_HEADER);
    }

    Era detect(HeaderValues headers, McpMessage message) throws MessageRefused {
      readHeaders(headers);
      if (message instanceof Invocation invocation) {
        if (invocation.method().equals(Methods.INITIALIZE)
            && !(claimsModern() && lacksOfMeta(invocation).isEmpty())) {
          return handshake(invocation);
        }
        if (claim != null) {
          return claimed(invocation);
        }
        if (headerIsModern()) {
          return unclaimed(invocation);
        }
        return legacy();
      }
      if (headerIsModern()) {
        throw refused(
            Kind.RESPONSE,
            "MCP " + ProtocolVersions.FIRST_MODERN + " has no responses of clients.");
      }
      return legacy();
    }

    boolean headerIsModern() {
      return version != null && ProtocolVersions.namesModernEra(version);
    }

    private boolean claimsModern() {
      return claim != null
          && claim.isTextual()
          && ProtocolVersions.namesModernEra(claim.textValue());
    }

    private Era handshake(Invocation initialize) throws MessageRefused {
      if (headerIsModern() || claim != null) {
        throw refused(
            Kind.HEADER_MISMATCH,
            "\"initialize\" is the handshake of older versions than "
                + ProtocolVersions.FIRST_MODERN
                + ".");
      }
      legacy();
      String requested = initialize.params().path("protocolVersion").textValue();
      if (requested == null || !isVisibleAscii(requested)) {
        throw refused(Kind.BAD_PARAMS, "\"params.protocolVersion\" must be a version.");
      }
      return new Era.Legacy(requested);
    }

    private Era claimed(Invocation message) throws MessageRefused {
      if (!claim.isTextual() || !isVisibleAscii(claim.textValue())) {
        throw refused(Kind.MISSING_META, lacking(Meta.PROTOCOL_VERSION, "a version"));
      }
      if (message instanceof McpMessage.Request) {
        requireMeta(message);
      }
      if (version == null) {
        throw refused(
            Kind.HEADER_MISMATCH,
            "The body names a protocol version, but " + VERSION_HEADER + " is missing.");
      }
      if (!version.equals(claim.textValue())) {
        throw refused(
            Kind.HEADER_MISMATCH, VERSION_HEADER + " and the body name different versions.");
      }
      return confirmed(message);
    }

    /** A modern header over a body that does not name a version. */
    private Era unclaimed(Invocation message) throws MessageRefused {
      if (message instanceof McpMessage.Request) {
        requireMeta(message);
        throw refused(Kind.MISSING_META, lacking(Meta.PROTOCOL_VERSION, "a version"));
      }
      return confirmed(message);
    }

    private Era confirmed(Invocation message) throws MessageRefused {
      boolean isRequest = message instanceof McpMessage.Request;
      if (method != null && !method.equals(message.method())) {
        throw refused(
            Kind.HEADER_MISMATCH, METHOD_HEADER + " and the body name different methods.");
      }
      Era era = modern(version);
      if (method == null && isRequest) {
        throw refused(Kind.HEADER_MISMATCH, METHOD_HEADER + " is missing.");
      }
      String member = MIRRORED.get(message.method());
      if (isRequest && member != null) {
        requireName(message.params().path(member).textValue(), member);
      }
      return era;
    }

    private void requireName(String inBody, String member) throws MessageRefused {
      if (name == null) {
        throw refused(Kind.HEADER_MISMATCH, NAME_HEADER + " is missing.");
      }
      Optional<String> decoded = MirroredValue.decode(name);
      if (decoded.isEmpty()) {
        throw refused(Kind.HEADER_MISMATCH, NAME_HEADER + " is not well-formed.");
      }
      if (!decoded.get().equals(inBody)) {
        throw refused(
            Kind.HEADER_MISMATCH, NAME_HEADER + " and \"params." + member + "\" are different.");
      }
    }

    private void requireMeta(Invocation message) throws MessageRefused {
      Optional<String> lack = lacksOfMeta(message);
      if (lack.isPresent()) {
        throw refused(Kind.MISSING_META, lack.get());
      }
    }

    private static Optional<String> lacksOfMeta(Invocation message) {
      ObjectNode meta = message.meta().orElse(null);
      if (meta == null) {
        return Optional.of("\"params._meta\" is missing.");
      }
      if (!meta.path(Meta.CLIENT_CAPABILITIES).isObject()) {
        return Optional.of(lacking(Meta.CLIENT_CAPABILITIES, "an object"));
      }
      if (meta.has(Meta.CLIENT_INFO) && !meta.get(Meta.CLIENT_INFO).isObject()) {
        return Optional.of(lacking(Meta.CLIENT_INFO, "an object"));
      }
      return Optional.empty();
    }

    private static String lacking(String key, String what) {
      return "\"params._meta\" must have \"" + key + "\", " + what + ".";
    }

    Era modern(String named) throws MessageRefused {
      if (!ProtocolVersions.MODERN.contains(named)) {
        // A version with a handshake would be refused at the next try as well.
        throw unsupported(Kind.UNSUPPORTED_VERSION, named, ProtocolVersions.MODERN);
      }
      return new Era.Modern(named);
    }

    Era legacy() throws MessageRefused {
      if (version == null) {
        return new Era.Legacy(ProtocolVersions.ASSUMED);
      }
      if (!ProtocolVersions.LEGACY.contains(version)) {
        throw unsupported(Kind.UNSUPPORTED_LEGACY_VERSION, version, ProtocolVersions.SUPPORTED);
      }
      return new Era.Legacy(version);
    }

    /** The one value of a header without the white space around it, or null. */
    private String single(HeaderValues headers, String header) throws MessageRefused {
      List<String> values = headers.getAll(header);
      if (values.isEmpty()) {
        return null;
      }
      if (values.size() > 1) {
        boolean modern =
            claim != null
                || headers.getAll(VERSION_HEADER).stream()
                    .anyMatch(value -> ProtocolVersions.namesModernEra(MirroredValue.trim(value)));
        throw refused(
            modern ? Kind.REPEATED_HEADER : Kind.REPEATED_LEGACY_HEADER,
            header + " occurs more than once.");
      }
      return MirroredValue.trim(values.get(0));
    }

    private MessageRefused unsupported(Kind kind, String requested, List<String> supported) {
      ObjectNode data = JsonNodeFactory.instance.objectNode();
      ArrayNode listed = data.putArray("supported");
      supported.forEach(listed::add);
      // The specification wants it echoed; anything that is not plainly a version stays out.
      data.put("requested", isVisibleAscii(requested) ? requested : "malformed");
      return new MessageRefused(
          new Refusal(kind, "Unsupported protocol version", id, Optional.of(data)));
    }

    private MessageRefused refused(Kind kind, String message) {
      return new MessageRefused(Refusal.of(kind, id, message));
    }
  }

  private static boolean isVisibleAscii(String version) {
    return !version.isEmpty()
        && version.length() <= MAX_VERSION_LENGTH
        && version.chars().allMatch(c -> c > 0x20 && c < 0x7F);
  }
}
