package dev.tallygate.load;

import java.util.Optional;

/** Where calls are sent on this machine: directly to the server, or to what stands before it. */
record Endpoint(String name, int port, String path, Optional<String> token) {
  String head(int bodyLength) {
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: 127.0.0.1:"
        + port
        + "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        + "MCP-Protocol-Version: 2025-11-25\r\n"
        + token.map(secret -> "Authorization: Bearer " + secret + "\r\n").orElse("")
        + "Content-Length: "
        + bodyLength
        + "\r\n\r\n";
  }
}
