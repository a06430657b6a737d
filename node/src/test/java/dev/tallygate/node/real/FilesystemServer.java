package dev.tallygate.node.real;

import java.nio.file.Path;
import java.util.Map;

/** The file system server over one directory, in both eras. */
final class FilesystemServer extends NodeServer {
  FilesystemServer(Path directory) {
    super(
        "filesystem",
        bridged(
            "@modelcontextprotocol/server-filesystem/dist/index.js",
            directory.toAbsolutePath().toString()),
        Map.of());
  }
}
