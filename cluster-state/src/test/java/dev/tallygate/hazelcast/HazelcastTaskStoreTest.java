package dev.tallygate.hazelcast;

import dev.tallygate.sessions.TaskStore;
import dev.tallygate.sessions.TaskStoreContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class HazelcastTaskStoreTest extends TaskStoreContract {
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
  protected TaskStore node(int number) {
    return members.tasks(number);
  }
}
