package dev.tallygate.hazelcast;

import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Registry.Enforcement;
import java.util.Optional;

/** Has a node enforce a settled edition, or only asks what it enforces. */
final class EnforceTask extends RegistryTask<Enforcement> {
  final Optional<Edition> edition;

  EnforceTask(String member, Optional<Edition> edition) {
    super(member);
    this.edition = edition;
  }

  @Override
  Enforcement ask(RegistryPart part) {
    return part.enforce(edition);
  }

  /** It reads the newest before it serves, and serves no more when its part has ended. */
  @Override
  Enforcement withoutPart(String node) {
    return new Enforcement(node, false, 0, Optional.empty());
  }
}
