package dev.tallygate.node.real;

import java.util.List;
import java.util.Map;

/** The reference server that has something of everything; legacy revisions only. */
final class EverythingServer extends NodeServer {
  EverythingServer() {
    super(
        "everything",
        List.of(
            NpmPackages.get().file("@modelcontextprotocol/server-everything/dist/index.js"),
            "streamableHttp"),
        Map.of("PORT", "0"));
  }
}
