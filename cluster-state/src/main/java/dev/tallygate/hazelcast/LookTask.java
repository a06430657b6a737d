package dev.tallygate.hazelcast;

import dev.tallygate.registry.Ballot;
import dev.tallygate.registry.Held;
import java.io.IOException;

/** Asks a keeper what it keeps. */
final class LookTask extends RegistryTask<Held> {
  final Ballot known;

  LookTask(String member, Ballot known) {
    super(member);
    this.known = known;
  }

  @Override
  Held ask(RegistryPart part) throws IOException {
    return part.keeperOrFail().look(known);
  }
}
