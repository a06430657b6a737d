package dev.tallygate.hazelcast;

import java.util.List;

/** Nodes that a member knows to have been lost, so that one that comes later knows it too. */
record Departed(List<Node> nodes) {
  /**
   * One of them.
   *
   * @param member its id as a member, which no other process has
   * @param name of the node
   * @param agoMillis when it was lost
   */
  record Node(String member, String name, long agoMillis) {}

  Departed {
    nodes = List.copyOf(nodes);
  }
}
