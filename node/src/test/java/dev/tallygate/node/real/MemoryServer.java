package dev.tallygate.node.real;

import java.nio.file.Path;
import java.util.Map;

/** The knowledge graph server over one file, in both eras. */
final class MemoryServer extends NodeServer {
  MemoryServer(Path file) {
    super(
        "memory",
        bridged("@modelcontextprotocol/server-memory/dist/index.js"),
        Map.of("MEMORY_FILE_PATH", file.toAbsolutePath().toString()));
  }
}
