package dev.tallygate.node.mcp;

/** Keys of {@code _meta}. */
final class Meta {
  static final String PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion";
  static final String CLIENT_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
  static final String CLIENT_INFO = "io.modelcontextprotocol/clientInfo";
  static final String SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";
  static final String DECISION = "dev.tallygate/decision";

  private Meta() {}
}
