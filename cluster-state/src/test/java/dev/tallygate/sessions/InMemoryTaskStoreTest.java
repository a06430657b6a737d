package dev.tallygate.sessions;

class InMemoryTaskStoreTest extends TaskStoreContract {
  private final TaskStore store = new InMemoryTaskStore();

  @Override
  protected TaskStore node(int number) {
    return store;
  }
}
