package dev.tallygate.load.accuracy;

/** What happens to nodes while clients make calls through them. */
enum CallScenario {
  CALLS_CALM("calm"),
  CALLS_KILL_ONE("kill -9 of a node");

  private final String title;

  CallScenario(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }
}
