package dev.tallygate.load;

import java.util.Optional;

/**
 * One way that calls take to the same server.
 *
 * @param proxy the process in between; none where calls go to the server directly
 */
record Subject(Endpoint endpoint, Optional<ServerProcess> proxy) {
  String name() {
    return endpoint.name();
  }
}
