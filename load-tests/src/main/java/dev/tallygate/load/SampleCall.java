package dev.tallygate.load;

import java.nio.charset.StandardCharsets;

/** The tool call that every benchmark makes, its policy, and the one right answer to it. */
final class SampleCall {
  static final String TOOL = "search_documents";

  /** Ids have one width, so that every message has one length. */
  static final long FIRST_ID = 1_000_000_000L;

  /** Two rules that a call must meet, one that it must not, and a limit that does not run out. */
  static final String POLICY =
      """
      {
        "version": "1",
        "default": "deny",
        "tools": {
          "search_documents": {
            "require": [
              {
                "name": "our projects",
                "conditions": [{ "path": "args.project", "op": "in", "value": ["alpha", "beta", "gamma"] }]
              },
              {
                "name": "small pages",
                "conditions": [
                  { "path": "args.page", "op": "gte", "value": 1 },
                  { "path": "args.page_size", "op": "lte", "value": 100 }
                ]
              }
            ],
            "deny_if": [
              {
                "name": "no secrets",
                "conditions": [{ "path": "args.query", "op": "regex", "value": "(?i)password|secret" }]
              }
            ],
            "limits": [
              { "counter": "searches", "window": "day", "max": 1000000000, "scope": "grant" }
            ]
          }
        }
      }
      """;

  private static final String BEFORE_ID = "{\"jsonrpc\":\"2.0\",\"id\":";
  private static final String CALL_AFTER_ID =
      ",\"method\":\"tools/call\",\"params\":{\"name\":\"search_documents\",\"arguments\":"
          + "{\"project\":\"beta\",\"query\":\"load balancing with weighted round robin\","
          + "\"page\":3,\"page_size\":25}}}";
  private static final String ANSWER_AFTER_ID =
      ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"3 documents found: weights.md,"
          + " ring.md, queues.md\"}],\"isError\":false}}";

  private SampleCall() {}

  static byte[] request(long id) {
    return ascii(BEFORE_ID + id + CALL_AFTER_ID);
  }

  static byte[] answer(long id) {
    return ascii(answerTo(Long.toString(id)));
  }

  /** The answer to the id as its JSON text. */
  static String answerTo(String id) {
    return BEFORE_ID + id + ANSWER_AFTER_ID;
  }

  /** Where the digits of the id begin in a request and in its answer. */
  static int idOffset() {
    return BEFORE_ID.length();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
