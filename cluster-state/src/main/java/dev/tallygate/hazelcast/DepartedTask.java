package dev.tallygate.hazelcast;

/** Asks a member which nodes it knows to have been lost. */
final class DepartedTask extends RegistryTask<Departed> {
  DepartedTask(String member) {
    super(member);
  }

  @Override
  Departed ask(RegistryPart part) {
    return part.departures().departed();
  }
}
