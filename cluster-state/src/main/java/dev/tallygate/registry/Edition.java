package dev.tallygate.registry;

/**
 * Servers, policies, grants and pins as they are declared, at one revision. It holds no secrets,
 * only references to them.
 *
 * @param revision grows with every change
 * @param document JSON; one text for one content
 */
public record Edition(long revision, String document) {
  @Override
  public String toString() {
    return "Edition[" + revision + "]";
  }
}
