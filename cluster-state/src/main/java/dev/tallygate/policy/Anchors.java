package dev.tallygate.policy;

import java.util.ArrayList;
import java.util.List;

/** Whether a regex is bound to the beginning of its text. */
final class Anchors {
  private Anchors() {}

  /** Whether every alternative at the top of the regex begins with an anchor. */
  static boolean atStart(String regex) {
    String flagless = regex.replaceFirst("^\\(\\?[isU]+\\)", "");
    return alternatives(flagless).stream().allMatch(Anchors::isBound);
  }

  private static boolean isBound(String alternative) {
    if (alternative.startsWith("^") || alternative.startsWith("\\A")) {
      return true;
    }
    // "(^a|^b)c" is bound where the whole group is, and nothing makes the group optional.
    int end = alternative.startsWith("(") ? endOfGroup(alternative) : -1;
    if (end < 0
        || (end + 1 < alternative.length() && "*?{".indexOf(alternative.charAt(end + 1)) >= 0)) {
      return false;
    }
    String inner = alternative.substring(1, end).replaceFirst("^\\?(:|P?<[A-Za-z0-9_]+>)", "");
    return !inner.startsWith("?") && atStart(inner);
  }

  private static List<String> alternatives(String regex) {
    List<String> alternatives = new ArrayList<>();
    int start = 0;
    int depth = 0;
    for (int i = 0; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c == '\\') {
        i = regex.startsWith("\\Q", i) ? endOfQuote(regex, i) : i + 1;
      } else if (c == '[') {
        i = endOfClass(regex, i);
      } else if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
      } else if (c == '|' && depth == 0) {
        alternatives.add(regex.substring(start, i));
        start = i + 1;
      }
    }
    alternatives.add(regex.substring(start));
    return alternatives;
  }

  private static int endOfGroup(String regex) {
    int depth = 0;
    for (int i = 0; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c == '\\') {
        i = regex.startsWith("\\Q", i) ? endOfQuote(regex, i) : i + 1;
      } else if (c == '[') {
        i = endOfClass(regex, i);
      } else if (c == '(') {
        depth++;
      } else if (c == ')' && --depth == 0) {
        return i;
      }
    }
    return -1;
  }

  private static int endOfQuote(String regex, int at) {
    int end = regex.indexOf("\\E", at);
    return end < 0 ? regex.length() : end + 1;
  }

  private static int endOfClass(String regex, int at) {
    int i = at + 1;
    if (i < regex.length() && regex.charAt(i) == '^') {
      i++;
    }
    if (i < regex.length() && regex.charAt(i) == ']') {
      i++;
    }
    for (; i < regex.length() && regex.charAt(i) != ']'; i++) {
      if (regex.charAt(i) == '\\') {
        i++;
      } else if (regex.startsWith("[:", i)) {
        i = Math.max(i, regex.indexOf(":]", i) + 1);
      }
    }
    return i;
  }
}
