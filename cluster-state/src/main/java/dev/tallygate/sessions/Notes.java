package dev.tallygate.sessions;

import java.util.List;

/**
 * What is to be remembered of a stretch of a session.
 *
 * @param requests the client's, whose answers may come again where a stream is resumed
 * @param events ids of events that go to the client
 * @param questions ids of the server's requests that go to the client
 */
public record Notes(List<String> requests, List<String> events, List<String> questions) {
  public Notes {
    requests = List.copyOf(requests);
    events = List.copyOf(events);
    questions = List.copyOf(questions);
  }
}
