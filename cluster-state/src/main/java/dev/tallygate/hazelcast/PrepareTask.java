package dev.tallygate.hazelcast;

import dev.tallygate.registry.Ballot;
import dev.tallygate.registry.Held;
import java.io.IOException;

/** Has a keeper promise to refuse earlier attempts. */
final class PrepareTask extends RegistryTask<Held> {
  final Ballot ballot;

  PrepareTask(String member, Ballot ballot) {
    super(member);
    this.ballot = ballot;
  }

  @Override
  Held ask(RegistryPart part) throws IOException {
    return part.keeperOrFail().prepare(ballot);
  }
}
