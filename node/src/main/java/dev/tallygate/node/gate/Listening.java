package dev.tallygate.node.gate;

import io.vertx.core.net.PemKeyCertOptions;
import java.util.Optional;

/**
 * Where and how the gate listens.
 *
 * @param port 0 for any free one
 * @param maxConnections at one time; further ones are closed at once
 * @param certificate what clients see, with its key; empty for clear text
 * @param h2c whether HTTP/2 is spoken in clear text too
 */
public record Listening(
    String host,
    int port,
    int maxConnections,
    Optional<PemKeyCertOptions> certificate,
    boolean h2c) {}
