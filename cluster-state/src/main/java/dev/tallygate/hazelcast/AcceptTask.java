package dev.tallygate.hazelcast;

import dev.tallygate.registry.Held;
import dev.tallygate.registry.Vote;
import java.io.IOException;

/** Has a keeper write an edition to its disk. */
final class AcceptTask extends RegistryTask<Held> {
  final Vote vote;

  AcceptTask(String member, Vote vote) {
    super(member);
    this.vote = vote;
  }

  @Override
  Held ask(RegistryPart part) throws IOException {
    return part.keeperOrFail().accept(vote.ballot(), vote.edition());
  }
}
