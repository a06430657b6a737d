package dev.tallygate.node.mcp;

/**
 * JSON-RPC error codes on the wire. Those of Tallygate lie outside -32768..-32000, as the MCP
 * specification asks of codes that it does not define.
 */
public final class ErrorCodes {
  public static final int PARSE_ERROR = -32700;
  public static final int INVALID_REQUEST = -32600;
  public static final int METHOD_NOT_FOUND = -32601;
  public static final int INVALID_PARAMS = -32602;
  public static final int INTERNAL_ERROR = -32603;

  /** MCP 2026-07-28: a header is missing or says something else than the body. */
  public static final int HEADER_MISMATCH = -32020;

  /** MCP 2026-07-28: the request needs a capability that the client did not declare. */
  public static final int MISSING_CAPABILITY = -32021;

  /** MCP 2026-07-28: the protocol version is not spoken here. */
  public static final int UNSUPPORTED_VERSION = -32022;

  /** The token is missing, unknown or expired. */
  public static final int UNAUTHENTICATED = -31401;

  /** The policy does not allow it. */
  public static final int DENIED = -31403;

  /** No such server or session. */
  public static final int NOT_FOUND = -31404;

  /** The HTTP request is not acceptable: method, media type, encoding, origin. */
  public static final int NOT_ACCEPTABLE = -31406;

  /** A limit is used up; {@code data.retryAfterMs} says when to come back. */
  public static final int LIMITED = -31429;

  /** The upstream server failed, or answered something that is not MCP. */
  public static final int UPSTREAM_FAILED = -31502;

  /** The decision could not be made; nothing was forwarded. */
  public static final int UNAVAILABLE = -31503;

  /** The upstream server did not answer in time. */
  public static final int UPSTREAM_TIMEOUT = -31504;

  private ErrorCodes() {}
}
