package dev.tallygate.node.config;

import java.util.Optional;

/**
 * How the node that runs by a file is told to change its registry.
 *
 * @param token to be shown, where the file says one
 */
public record AdminAccess(NodeConfig.Admin admin, Optional<String> token) {
  @Override
  public String toString() {
    return "AdminAccess[" + admin.host() + ":" + admin.port() + "]"; // the token is a secret
  }
}
