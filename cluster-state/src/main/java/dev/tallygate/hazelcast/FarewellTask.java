package dev.tallygate.hazelcast;

/** Tells a member that another one serves no more. */
final class FarewellTask extends RegistryTask<Boolean> {
  final String leaving;

  FarewellTask(String member, String leaving) {
    super(member);
    this.leaving = leaving;
  }

  @Override
  Boolean ask(RegistryPart part) {
    part.departures().farewell(leaving);
    return true;
  }
}
