package dev.tallygate.hazelcast;

import dev.tallygate.sessions.SessionStore;
import dev.tallygate.sessions.SessionStoreContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class ThreeMembersSessionStoreTest extends SessionStoreContract {
  private static SessionMembers members;

  @BeforeAll
  static void start() {
    members = new SessionMembers(3);
  }

  @AfterAll
  static void stop() {
    members.close();
  }

  @Override
  protected SessionStore node(int number) {
    return members.sessions(number);
  }

  @Override
  protected void pass(Duration time) {
    members.pass(time);
  }
}
