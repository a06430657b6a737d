package dev.tallygate.json;

/** JSON Pointers (RFC 6901) as strings. */
public final class JsonPointers {
  private JsonPointers() {}

  public static String child(String parent, String key) {
    return parent + '/' + key.replace("~", "~0").replace("/", "~1");
  }

  public static String child(String parent, int index) {
    return parent + '/' + index;
  }
}
